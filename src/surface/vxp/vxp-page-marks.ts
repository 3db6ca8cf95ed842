// Where the pages of a list begin that backends turn page by page: the wire knows only numbers of pages, and walking to page n
// each time makes a long list cost its square. Beside vxp-reading.ts; made by vxp-server.ts.

/** Lists that are turned at the same time. */
const maxMarks = 512
/** A mark is for whoever turns the pages now. */
const holdsMs = 10 * 60_000

interface Mark {
  cursor: string
  atMs: number
}

/** Cursors by list and number of the page. In memory and bounded: without one the page is walked to. */
export class PageMarks {
  /** In the order in which they were set. */
  readonly #marks = new Map<string, Mark>()

  /** The cursor after which page `pageIndex` of `list` begins, undefined when it has to be walked to. */
  find(list: string, pageIndex: number, nowMs: number): string | undefined {
    const mark = this.#marks.get(nameOf(list, pageIndex))
    return mark !== undefined && nowMs - mark.atMs < holdsMs ? mark.cursor : undefined
  }

  /** The page before `pageIndex` has ended at `cursor`. */
  set(list: string, pageIndex: number, cursor: string, nowMs: number): void {
    const name = nameOf(list, pageIndex)
    this.#marks.delete(name)
    this.#marks.set(name, { cursor, atMs: nowMs })
    if (this.#marks.size > maxMarks) this.#marks.delete(this.#marks.keys().next().value ?? '')
  }
}

const nameOf = (list: string, pageIndex: number): string => `${pageIndex} ${list}`
