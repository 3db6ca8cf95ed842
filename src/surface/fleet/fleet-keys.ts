// What the keys have set in the fleet view: page, filter. Fed with what the terminal sends; fleet-screen.ts shows by it.
import { screenText } from './fleet-news.ts'
import type { FleetRow } from './fleet-row.ts'
import { filtered, pageRows, type ScreenView } from './fleet-screen.ts'

const maxFilterLength = 64
const escapeKey = '\u001b'
/** What some keys of a terminal send, as the letters that do the same; the others do nothing. */
const sequences: Readonly<Record<string, string>> = {
  '\u001b[6~': 'n',
  '\u001b[5~': 'p',
  '\u001b[B': 'n',
  '\u001b[A': 'p',
}

/** A key: its sequence (a held one comes as several at once), or a letter. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is how a key's sequence begins
const keyPattern = /\u001b(?:\[[\d;]*[A-Za-z~]|O[A-Za-z])|./gsu

export class FleetKeys {
  readonly view: Pick<ScreenView, 'page' | 'filter' | 'isFilterOpen' | 'isTroubledOnly'> = {
    page: 0,
    filter: '',
    isFilterOpen: false,
    isTroubledOnly: false,
  }

  /** Takes what was typed, one or more keys. */
  typed(text: string): 'quit' | 'on' {
    for (const [typed] of text.matchAll(keyPattern)) {
      const isSequence = typed.length > 2
      const one = isSequence ? sequences[typed] : typed
      if (one === undefined || (isSequence && this.view.isFilterOpen)) continue
      if (one === '\u0003') return 'quit'
      if (this.view.isFilterOpen) this.#edit(one)
      else if (one === 'q') return 'quit'
      else this.#turn(one)
    }
    return 'on'
  }

  /** The page is one that there is. */
  limit(rows: readonly FleetRow[], height: number): void {
    const pages = Math.max(1, Math.ceil(filtered(rows, this.view).length / pageRows(height)))
    this.view.page = Math.min(this.view.page, pages - 1)
  }

  #turn(key: string): void {
    const { view } = this
    if (key === 'n' || key === ' ') view.page += 1
    else if (key === 'p' || key === 'b') view.page = Math.max(0, view.page - 1)
    else if (key === 't') {
      view.isTroubledOnly = !view.isTroubledOnly
      view.page = 0
    } else if (key === '/') {
      view.isFilterOpen = true
      view.filter = ''
      view.page = 0
    } else if (key === escapeKey) view.filter = ''
  }

  #edit(key: string): void {
    const { view } = this
    if (key === '\r' || key === '\n') view.isFilterOpen = false
    else if (key === escapeKey) {
      view.isFilterOpen = false
      view.filter = ''
    } else if (key === '\u007f' || key === '\b') view.filter = view.filter.slice(0, -1)
    else if (key >= ' ' && view.filter.length < maxFilterLength) view.filter += screenText(key)
    view.page = 0
  }
}
