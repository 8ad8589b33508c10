/**
 * Where names, values and separators stand in properties. A producer's messages differ in their
 * values alone, so the next message's names need not be looked for when it has the same shape:
 *
 *     UNIQ_KEY 1 C0A8… 2 WAIT 1 true 2 TAGS 1 TagA 2
 *     ==========     ========      ========      ==    the same bytes at the same places
 *                ----          ----          ----      no separator among these
 */

/** Ends a property. */
export const PROPERTY_SEPARATOR = 0x02
/** Longer properties, or more of them, are gone through each time. */
const BYTES_MAX = 512
const VALUES_MAX = 16

export class PropertyShape {
  readonly #bytes = Buffer.alloc(BYTES_MAX)
  readonly #valueStarts = new Int32Array(VALUES_MAX)
  readonly #valueEnds = new Int32Array(VALUES_MAX)
  #valueCount = 0
  #length = -1

  /** Begins to take the shape of `buffer[start, end)`: {@link addValue} for each entry in turn. */
  begin(buffer: Buffer, start: number, end: number): void {
    const length = end - start
    this.#valueCount = 0
    this.#length = length <= BYTES_MAX ? length : -1
    if (this.#length >= 0) buffer.copy(this.#bytes, 0, start, end)
  }

  /** A value that stands at `[start, end)` of the properties. */
  addValue(start: number, end: number): void {
    if (this.#valueCount === VALUES_MAX) {
      this.forget()
      return
    }
    this.#valueStarts[this.#valueCount] = start
    this.#valueEnds[this.#valueCount] = end
    this.#valueCount += 1
  }

  /** Nothing has this shape, until the next one begins. */
  forget(): void {
    this.#valueCount = 0
    this.#length = -1
  }

  /** Whether `buffer[start, end)` has names and values of the same lengths at the same places. */
  fits(buffer: Buffer, start: number, end: number): boolean {
    if (end - start !== this.#length) return false
    let at = 0
    for (let index = 0; index < this.#valueCount; index++) {
      const valueStart = this.#valueStarts[index]!
      if (!this.#isSame(buffer, start, at, valueStart)) return false
      at = this.#valueEnds[index]!
      if (holdsSeparator(buffer, start + valueStart, start + at)) return false
    }
    return this.#isSame(buffer, start, at, this.#length)
  }

  #isSame(buffer: Buffer, start: number, from: number, until: number): boolean {
    const bytes = this.#bytes
    for (let at = from; at < until; at++) if (buffer[start + at] !== bytes[at]) return false
    return true
  }
}

function holdsSeparator(buffer: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (buffer[at] === PROPERTY_SEPARATOR) return true
  return false
}
