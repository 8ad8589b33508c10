import { assert } from '../../engine/base/assert.ts'
import { equalBytes } from '../../engine/base/equal-bytes.ts'
import { asciiBytes } from './byte-codes.ts'

const SLOT_COUNT = 256
const EMPTY = -1
const FACTOR_MAX = 1024

/**
 * Finds ASCII names in bytes: the length, the first and the last byte lead to the only name that it
 * can be, which is then compared.
 */
export class NameTable {
  readonly #names: readonly Uint8Array[]
  readonly #slots: Int16Array
  readonly #factor: number

  /** At most 256 different names, none of them empty. */
  constructor(names: readonly string[]) {
    this.#names = names.map(asciiBytes)
    for (let factor = 1; factor <= FACTOR_MAX; factor += 2) {
      const slots = this.#slotsWith(factor)
      if (slots === undefined) continue
      this.#slots = slots
      this.#factor = factor
      return
    }
    assert(false, 'names that differ get slots of their own')
  }

  /** Index of the name at `start..end`, or the number of names when it is none of them. */
  indexOf(buffer: Uint8Array, start: number, end: number): number {
    const unknown = this.#names.length
    if (end <= start) return unknown
    const index = this.#slots[slotOf(buffer, start, end, this.#factor)]!
    if (index === EMPTY) return unknown
    return equalBytes(buffer, start, end, this.#names[index]!) ? index : unknown
  }

  /** The slots when no two names share one. */
  #slotsWith(factor: number): Int16Array | undefined {
    const slots = new Int16Array(SLOT_COUNT).fill(EMPTY)
    for (const [index, name] of this.#names.entries()) {
      const slot = slotOf(name, 0, name.length, factor)
      if (slots[slot] !== EMPTY) return undefined
      slots[slot] = index
    }
    return slots
  }
}

function slotOf(buffer: Uint8Array, start: number, end: number, factor: number): number {
  const first = buffer[start]!
  const last = buffer[end - 1]!
  return ((end - start) * factor + first * (factor + 2) + last) & (SLOT_COUNT - 1)
}
