// The header `hash-file` of sendEdoc. The kit writes each byte with `Integer.toHexString`, so a byte below 0x10 loses
// its zero: 32 to 64 digits that cannot be decoded. We format our own digest both ways and compare.

/** Whether `text` can be a hash-file of either form. */
export function isHashFile(text: string): boolean {
  return /^[0-9a-f]{32,64}$/i.test(text)
}

/** `digest` as the kit writes it. */
export function kitHexOf(digest: Uint8Array): string {
  return Array.from(digest, (byte) => byte.toString(16)).join('')
}

/** Whether `announced` (attacker-controlled, but signed) is `digest`, in full hex or in the kit's. */
export function isHashFileOf(digest: Uint8Array, announced: string): boolean {
  const text = announced.toLowerCase()
  return text === Buffer.from(digest).toString('hex') || text === kitHexOf(digest)
}
