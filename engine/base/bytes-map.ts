import { assert } from './assert.ts'
import { equalBytes } from './equal-bytes.ts'

const EMPTY = -1
const FNV_OFFSET_BASIS = 0x811c9dc5
const FNV_PRIME = 0x01000193
/** The table doubles when it is fuller than this. */
const LOAD_MAX = 0.5

/**
 * A map from (bytes, number) to a value: looks up a topic and queue id straight in a receive
 * buffer, without making a string. Open addressing, linear probing.
 */
export class BytesMap<T> {
  #capacity = 64
  #slots = new Int32Array(this.#capacity).fill(EMPTY)
  #hashes: number[] = []
  #keys: Buffer[] = []
  #numbers: number[] = []
  #values: T[] = []

  get size(): number {
    return this.#values.length
  }

  values(): readonly T[] {
    return this.#values
  }

  get(bytes: Uint8Array, start: number, end: number, number: number): T | undefined {
    const entry = this.#slots[this.#probe(bytes, start, end, number)] as number
    return entry === EMPTY ? undefined : this.#values[entry]
  }

  /** Adds or replaces a value; the key's bytes are copied. */
  set(bytes: Uint8Array, start: number, end: number, number: number, value: T): void {
    const at = this.#probe(bytes, start, end, number)
    const entry = this.#slots[at] as number
    if (entry !== EMPTY) {
      this.#values[entry] = value
      return
    }
    this.#slots[at] = this.#values.length
    this.#hashes.push(hashOf(bytes, start, end, number))
    this.#keys.push(Buffer.from(bytes.subarray(start, end)))
    this.#numbers.push(number)
    this.#values.push(value)
    if (this.#values.length > this.#capacity * LOAD_MAX) this.#rebuild(this.#capacity * 2)
  }

  /** Removes every entry whose value matches. */
  removeWhere(matches: (value: T) => boolean): void {
    const kept = this.#values.flatMap((value, entry) => (matches(value) ? [] : [entry]))
    this.#hashes = kept.map((entry) => this.#hashes[entry] as number)
    this.#keys = kept.map((entry) => this.#keys[entry] as Buffer)
    this.#numbers = kept.map((entry) => this.#numbers[entry] as number)
    this.#values = kept.map((entry) => this.#values[entry] as T)
    this.#rebuild(this.#capacity)
  }

  /** The slot that holds the key, or the empty one where it belongs. */
  #probe(bytes: Uint8Array, start: number, end: number, number: number): number {
    const hash = hashOf(bytes, start, end, number)
    const mask = this.#capacity - 1
    let at = hash & mask
    for (;;) {
      const entry = this.#slots[at] as number
      if (entry === EMPTY) return at
      if (this.#hashes[entry] === hash && this.#isKey(entry, bytes, start, end, number)) return at
      at = (at + 1) & mask
    }
  }

  #isKey(entry: number, bytes: Uint8Array, start: number, end: number, number: number): boolean {
    const key = this.#keys[entry] as Buffer
    return this.#numbers[entry] === number && equalBytes(bytes, start, end, key)
  }

  #rebuild(capacity: number): void {
    assert((capacity & (capacity - 1)) === 0, 'capacity is a power of two')
    this.#capacity = capacity
    this.#slots = new Int32Array(capacity).fill(EMPTY)
    for (const [entry, hash] of this.#hashes.entries()) {
      let at = hash & (capacity - 1)
      while (this.#slots[at] !== EMPTY) at = (at + 1) & (capacity - 1)
      this.#slots[at] = entry
    }
  }
}

/** FNV-1a. */
function hashOf(bytes: Uint8Array, start: number, end: number, number: number): number {
  let hash = FNV_OFFSET_BASIS ^ number
  for (let at = start; at < end; at += 1) {
    hash = Math.imul(hash ^ (bytes[at] as number), FNV_PRIME)
  }
  return hash ^ (hash >>> 15)
}
