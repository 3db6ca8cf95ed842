// Port: a small display with keys at the front of the box. Adapter: cfa635-panel. surface/panel decides what it shows.

export type PanelKey = 'up' | 'down' | 'left' | 'right' | 'enter' | 'exit'

export const panelColumns = 20
export const panelRows = 4

export interface Panel {
  /** Where it hangs, as told to people. */
  readonly line: string
  /** It did not answer several times in a row, or its line is not there. */
  readonly isSilent: boolean

  /** Calls `listener` with each key as it goes down. One listener; set before start. */
  onKey(listener: (key: PanelKey) => void): void

  /**
   * Shows four rows, from now on: what the display has lost or not taken is sent again. Characters that it does not have are
   * written as the nearest that it has; rows are cut to 20 columns.
   */
  show(rows: readonly string[]): void
}
