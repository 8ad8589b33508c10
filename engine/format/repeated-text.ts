const NO_BYTES: Buffer = Buffer.alloc(0)

/** Decodes bytes that are mostly those of the last time, and then are not decoded again. */
export class RepeatedText {
  readonly #decode: (buffer: Buffer, start: number, end: number) => string
  /** Where the last bytes lie. */
  #buffer: Buffer = NO_BYTES
  #start = 0
  #end = -1
  #text = ''

  constructor(decode: (buffer: Buffer, start: number, end: number) => string) {
    this.#decode = decode
  }

  /** The text of `buffer[start, end)`, which stays as it is for as long as this is used. */
  read(buffer: Buffer, start: number, end: number): string {
    if (!this.#isSame(buffer, start, end)) {
      this.#text = this.#decode(buffer, start, end)
      this.#buffer = buffer
      this.#start = start
      this.#end = end
    }
    return this.#text
  }

  #isSame(buffer: Buffer, start: number, end: number): boolean {
    if (end - start !== this.#end - this.#start) return false
    for (let at = 0; at < end - start; at++) {
      if (buffer[start + at] !== this.#buffer[this.#start + at]) return false
    }
    return true
  }
}
