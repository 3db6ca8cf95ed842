// What a small text file on a stick asks for, as any editor saves it.

/** The lines that are not blank, trimmed; a mark of UTF-8 and every kind of line end are as nothing. @param text attacker-controlled */
export const wishLines = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
