// Agency codes: opaque text that is compared exactly (docs/reference/edxml.md). Which station an agency has, and what
// became of a closed code, only the directory knows; nothing is ever derived from a code's spelling.

/**
 * Whether `text` can be an agency code: 1 to 35 of `[0-9A-Z.]` (QĐ 20/2020/QĐ-TTg), which the old 13-character codes of
 * QCVN 102:2016 fit as well.
 */
export function isAgencyCode(text: string): boolean {
  return /^[0-9A-Z.]{1,35}$/.test(text)
}
