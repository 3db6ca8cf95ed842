// Starting and stopping services: in listed order, and back. A failed start stops what has started.

/** A part of the station with a life of its own. `start` resolves when the part is ready to serve. */
export interface Service {
  readonly name: string
  start(signal: AbortSignal): Promise<void>
  stop(): Promise<void>
}

/** The longest that one service may take to stop before it is left behind, in milliseconds. */
export const stopDeadlineMs = 10_000

/**
 * Starts `services` in order. If one fails, stops those that have started, in reverse, and throws its error.
 * @param onStarting told the name of each just before
 */
export async function startAll(
  services: readonly Service[],
  signal: AbortSignal,
  onStarting?: (name: string) => void,
): Promise<void> {
  const started: Service[] = []
  try {
    for (const service of services) {
      signal.throwIfAborted()
      started.push(service)
      onStarting?.(service.name)
      await service.start(signal)
    }
  } catch (error) {
    await stopAll(started)
    throw error
  }
}

/** Stops `services` in reverse order, each within the deadline. Returns what went wrong, by service name. */
export async function stopAll(services: readonly Service[], deadlineMs = stopDeadlineMs): Promise<Map<string, Error>> {
  const failures = new Map<string, Error>()
  for (const service of [...services].reverse()) {
    const { promise: late, reject } = Promise.withResolvers<never>()
    const timer = setTimeout(() => reject(new Error(`did not stop within ${deadlineMs} ms`)), deadlineMs)
    try {
      await Promise.race([service.stop(), late])
    } catch (error) {
      failures.set(service.name, error instanceof Error ? error : new Error(String(error)))
    } finally {
      clearTimeout(timer)
    }
  }
  return failures
}
