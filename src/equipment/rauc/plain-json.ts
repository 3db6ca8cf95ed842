// JSON that a program has printed, or a file holds: an object or nothing, and texts of a bounded length out of it.

export const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** @param text attacker-controlled, bounded by whoever has read it */
export function jsonObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // It is no JSON: whoever asks says what that means.
    return undefined
  }
}

/** `value` as a text of at most `maxLength` UTF-16 units; '' when it is none. */
export const textOf = (value: unknown, maxLength: number): string =>
  typeof value === 'string' ? value.slice(0, maxLength) : ''
