// A time window of the directory: when a key, a certificate or an agency code holds.
import type { Window } from './schema/directory.ts'

/** Whether `atMs` lies in a window; 0 is open on that side. */
export function isInWindow(window: Window | undefined | null, atMs: number): boolean {
  if (window == null) return true
  return atMs >= window.from && (window.until === 0 || atMs < window.until)
}
