// Reads exact numbers of bytes from pieces of any length, holding one piece at most. For tar-stream.ts and age-stream.ts.

export class ByteReader {
  readonly #pieces: AsyncIterator<Uint8Array>
  #held: Uint8Array = new Uint8Array(0)

  constructor(pieces: AsyncIterable<Uint8Array>) {
    this.#pieces = pieces[Symbol.asyncIterator]()
  }

  /** The next `length` bytes, or what is left of them at the end. Throws what the source throws. */
  async take(length: number): Promise<Buffer> {
    const parts: Uint8Array[] = []
    let missing = length
    while (missing > 0) {
      const piece = await this.some(missing)
      if (piece === undefined) break
      parts.push(piece)
      missing -= piece.length
    }
    const [only] = parts
    return parts.length === 1 && only !== undefined
      ? Buffer.from(only.buffer, only.byteOffset, only.byteLength)
      : Buffer.concat(parts)
  }

  /** Between one and `most` bytes, or undefined at the end. */
  async some(most: number): Promise<Uint8Array | undefined> {
    while (this.#held.length === 0) {
      const { done, value } = await this.#pieces.next()
      if (done === true) return undefined
      this.#held = value
    }
    const piece = this.#held.subarray(0, most)
    this.#held = this.#held.subarray(piece.length)
    return piece
  }

  /** Lets the source go, read to its end or not. */
  async close(): Promise<void> {
    await this.#pieces.return?.()
  }
}
