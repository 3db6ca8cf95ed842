// One connection after the other, with a growing, jittered pause between: mqtt-health-broker.ts and mqtt-fleet-broker.ts.
import { setTimeout as delay } from 'node:timers/promises'

/** Pauses between attempts, ms. */
export interface BackOff {
  first: number
  longest: number
}

const defaultBackOffMs: BackOff = { first: 1_000, longest: 60_000 }
/** A connection that lived so long was a good one: two clients of one name must not throw each other out every second. */
const goodAfterMs = 30_000

/**
 * Makes connections until `signal`. Pauses are ± 25 %, so that 4,000 stations do not come back in step.
 * @param once one connection from beginning to end; never throws, returns why it is over
 */
export async function keepTrying(
  once: (signal: AbortSignal) => Promise<string>,
  failed: (detail: string) => void,
  { first, longest }: BackOff = defaultBackOffMs,
  signal: AbortSignal,
): Promise<void> {
  let pauseMs = first
  while (!signal.aborted) {
    const sinceMs = performance.now()
    const detail = await once(signal)
    if (signal.aborted) return
    if (performance.now() - sinceMs >= goodAfterMs) pauseMs = first
    failed(detail)
    await delay(pauseMs * (0.75 + Math.random() * 0.5), undefined, { signal }).catch(() => undefined)
    pauseMs = Math.min(pauseMs * 2, longest)
  }
}
