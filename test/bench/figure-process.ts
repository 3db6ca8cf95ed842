// The process of one figure, started by figure-runner.ts: its memory is its own, and nothing of it is left for the next one.
// Arguments: id, folder, shared folder, `quick` or `full`. Answers over IPC.
import { type FigureResult, loadFigure } from './figure.ts'

/** What a figure's process says. */
export type FigureMessage =
  | { say: string }
  | { title: string; target: string; result: FigureResult }
  | { title: string; target: string; failure: string }

const [, , id = '', folder = '', sharedFolder = '', mode] = process.argv
const tell = (message: FigureMessage) => process.send?.(message)
const { title, target, run } = await loadFigure(id)
try {
  const result = await run({ folder, sharedFolder, isQuick: mode === 'quick', say: (line) => tell({ say: line }) })
  tell({ title, target, result })
} catch (error) {
  tell({ title, target, failure: error instanceof Error ? (error.stack ?? error.message) : String(error) })
}
process.disconnect?.()
