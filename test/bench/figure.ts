// What a figure is: something measured, beside a baseline that is measured in the same run on the same machine, so that the
// ratio means the same everywhere. Each has a file in figures/; bench.ts runs them, each in a process of its own.

/** A number with its unit: `documents/s`, `ms`, `MB` (10⁶ bytes), … Empty for a plain number. */
export interface Quantity {
  name: string
  value: number
  unit: string
}

export interface FigureResult {
  values: readonly Quantity[]
  /** What the machine does without us. */
  baseline?: Quantity
  /** What the target is about, when it is about a ratio. */
  ratio?: number
  /** Whether the target is met; `reported`: there is none. */
  met: boolean | 'reported'
  /** What holds the figure where it is. A missed target needs this, or a chapter of docs/figures-notes.md. */
  bounds?: string
}

export interface FigureContext {
  /** Empty, on the disk to measure, short enough for Unix sockets below it; deleted afterwards. */
  folder: string
  /** The same for all figures of a run: for what is dear to prepare and used by several. */
  sharedFolder: string
  /** A smoke run: everything happens, in small numbers that mean nothing. */
  isQuick: boolean
  /** One line of progress for the terminal. */
  say(line: string): void
}

export interface Figure {
  /** Name of its file without `.ts`, of its chapter in the notes, and of `--only`. */
  id: string
  title: string
  /** For people: `≥ 0.8`, `≤ 5 s`, `reported`. */
  target: string
  /** Takes so long, or so much of the machine, that it runs only when asked for by `--only` or `--all`. */
  isOptional?: boolean
  /** After so long it is given up, ms; default ten minutes. */
  timeoutMs?: number
  /** Measures, and stops whatever it has started. Throws when it cannot measure; a missed target is a result. */
  run(context: FigureContext): Promise<FigureResult>
}

/** In the order of the report. */
export const figureIds = [
  'documents',
  'memory-load',
  'slow-token',
  'syncs',
  'large-packet',
  'idle-memory',
  'idle-cpu',
  'start',
  'enqueue',
  'urgent',
  'latency',
  'store',
  'mqtt-bytes',
  'fleet',
  'lab',
] as const

/** The figure in figures/<id>.ts. @throws Error when there is none */
export async function loadFigure(id: string): Promise<Figure> {
  if (!figureIds.some((known) => known === id)) throw new Error(`no figure ${id}; there are ${figureIds.join(', ')}`)
  const { figure } = (await import(`./figures/${id}.ts`)) as { figure: Figure }
  return figure
}

/** The value below which a share `part` (0 … 1) of the samples lies. @throws RangeError without samples */
export function percentile(samples: readonly number[], part: number): number {
  const sorted = samples.toSorted((left, right) => left - right)
  const value = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]
  if (value === undefined) throw new RangeError('no samples')
  return value
}

/** How long `act` takes, s. */
export async function secondsOf(act: () => Promise<void>): Promise<number> {
  const start = performance.now()
  await act()
  return (performance.now() - start) / 1000
}
