// Passphrases of backups: made here, or people's own.
import { randomBytes } from 'node:crypto'

/** Characters of a passphrase of people's own; whoever has the stick may guess for years. */
export const minPassphraseLength = 16

/** Sixteen million years of guessing, in six groups that can be read over the telephone. */
export function newPassphrase(): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
  const letters = [...randomBytes(24)].map((byte) => alphabet[byte & 31]).join('')
  return letters.replaceAll(/(.{4})(?=.)/g, '$1-')
}

/** Ours, however it was typed; another one as it is. */
export function typedPassphrase(text: string): string {
  const letters = text.toUpperCase().replaceAll(/[\s-]/g, '')
  return /^[A-Z2-7]{24}$/.test(letters) ? letters.replaceAll(/(.{4})(?=.)/g, '$1-') : text
}
