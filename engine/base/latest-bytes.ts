const BYTES_AT_FIRST = 64

/** Tells whether bytes are those of the time before: what follows from them need not be again. */
export class LatestBytes {
  #bytes = Buffer.alloc(BYTES_AT_FIRST)
  #length = -1

  /** Whether `bytes[start, end)` is what it was at the last call; it is kept for the next one. */
  isRepeated(bytes: Buffer, start: number, end: number): boolean {
    const latest = this.#bytes
    const length = end - start
    if (length === this.#length) {
      let index = 0
      while (index < length && latest[index] === bytes[start + index]) index += 1
      if (index === length) return true
    }
    if (length > latest.length) this.#bytes = Buffer.alloc(2 * length)
    bytes.copy(this.#bytes, 0, start, end)
    this.#length = length
    return false
  }
}
