/**
 * The properties of a message, in a record, in a batch and in a send request:
 *
 *     ┌──────┬──────┬───────┬──────┬──────┬──────┬───────┬──────┬─ ─ ─
 *     │ name │ 0x01 │ value │ 0x02 │ name │ 0x01 │ value │ 0x02 │
 *     └──────┴──────┴───────┴──────┴──────┴──────┴───────┴──────┴─ ─ ─
 *
 * UTF-8; the last 0x02 may be missing; a later value of a name replaces an earlier one; an entry
 * without a name or without a value does not count. RocketMQ:
 * `MessageDecoder.string2messageProperties` and `messageProperties2String`.
 */

import { assert } from '../base/assert.ts'
import { BytesTemplate } from './bytes-template.ts'
import type { LinearMemory } from './linear-memory.ts'

/** Stands between a property's name and its value. */
export const NAME_VALUE_SEPARATOR = 0x01
/** Ends a property. */
export const PROPERTY_SEPARATOR = 0x02
/**
 * Stands in no property that is stored: zeros are what a block of the disk holds that a torn write
 * never reached, and properties have no checksum.
 */
const NUL_CHARACTER = '\0'

const NAME_VALUE_CHARACTER = String.fromCharCode(NAME_VALUE_SEPARATOR)
const PROPERTY_CHARACTER = String.fromCharCode(PROPERTY_SEPARATOR)

/** Longer properties are gone through each time. */
const SHAPE_BYTES_MAX = 512
/** What ends a value; any other byte may stand in one. */
const IN_NO_VALUE = { below: -0x80, first: PROPERTY_SEPARATOR, second: PROPERTY_SEPARATOR }

/** A part of a buffer: `[start, end)`. Mutable: reuse one for all. */
export interface ByteRange {
  start: number
  end: number
}

/**
 * Properties as the string that a send request carries, in the map's order.
 * @throws {TypeError} when a name or value holds a byte that would end it early, or U+0000.
 */
export function propertiesToString(properties: ReadonlyMap<string, string>): string {
  let text = ''
  for (const [name, value] of properties) {
    if (name.includes(NAME_VALUE_CHARACTER) || name.includes(PROPERTY_CHARACTER)) {
      throw new TypeError(`property name holds a reserved character: ${JSON.stringify(name)}`)
    }
    if (value.includes(PROPERTY_CHARACTER)) {
      throw new TypeError(`value of property ${name} holds the reserved character U+0002`)
    }
    if (name.includes(NUL_CHARACTER) || value.includes(NUL_CHARACTER)) {
      throw new TypeError(`property ${JSON.stringify(name)} holds the character U+0000`)
    }
    text += name + NAME_VALUE_CHARACTER + value + PROPERTY_CHARACTER
  }
  return text
}

/** Properties as bytes, see {@link propertiesToString}. */
export function encodeProperties(properties: ReadonlyMap<string, string>): Buffer {
  return Buffer.from(propertiesToString(properties), 'utf8')
}

/** Whether properties hold U+0000, so that they cannot be stored. */
export function holdsNul(buffer: Buffer, start: number, end: number): boolean {
  return buffer.subarray(start, end).includes(0)
}

/** The properties in a string, by Java's rules for malformed ones. */
export function propertiesFromString(text: string): Map<string, string> {
  const properties = new Map<string, string>()
  for (let start = 0, end = 0; start < text.length; start = end + 1) {
    const found = text.indexOf(PROPERTY_CHARACTER, start)
    end = found < 0 ? text.length : found
    const separatorAt = text.indexOf(NAME_VALUE_CHARACTER, start)
    if (separatorAt <= start || separatorAt >= end - 1) continue
    properties.set(text.slice(start, separatorAt), text.slice(separatorAt + 1, end))
  }
  return properties
}

/** The properties in `buffer[start, end)`. */
export function decodeProperties(
  buffer: Buffer,
  start = 0,
  end = buffer.length,
): Map<string, string> {
  return propertiesFromString(buffer.toString('utf8', start, end))
}

/**
 * Looks up one property without decoding any: sets `value` to where its value lies and returns
 * true, or returns false. For several names at once see {@link PropertyFinder}.
 */
export function findProperty(
  buffer: Buffer,
  start: number,
  end: number,
  name: Buffer,
  value: ByteRange,
): boolean {
  let found = false
  for (let entryStart = start; entryStart < end; ) {
    const separatorAt = endOfName(buffer, entryStart, end)
    const entryEnd = endOfEntry(buffer, separatorAt, end)
    if (
      isEntry(entryStart, separatorAt, entryEnd) &&
      hasName(buffer, entryStart, separatorAt, name)
    ) {
      value.start = separatorAt + 1
      value.end = entryEnd
      found = true
    }
    entryStart = entryEnd + 1
  }
  return found
}

/** Where the name that starts at `at` ends: at the next separator of either kind, or at `end`. */
function endOfName(buffer: Buffer, at: number, end: number): number {
  // No other byte but 0 is as small as the separators, so most take one comparison.
  while (at < end && (buffer[at]! > PROPERTY_SEPARATOR || buffer[at] === 0)) at++
  return at
}

/** Where the entry ends that `at` lies in. */
function endOfEntry(buffer: Buffer, at: number, end: number): number {
  while (at < end && buffer[at] !== PROPERTY_SEPARATOR) at++
  return at
}

/** Whether an entry has a name and a value: one that has no value has no room behind its name. */
function isEntry(entryStart: number, separatorAt: number, entryEnd: number): boolean {
  return separatorAt > entryStart && separatorAt + 1 < entryEnd
}

function hasName(buffer: Buffer, start: number, end: number, name: Buffer): boolean {
  if (end - start !== name.length) return false
  for (let index = 0; index < name.length; index++) {
    if (buffer[start + index] !== name[index]) return false
  }
  return true
}

/** Where the values of a {@link PropertyFinder}'s names lie, by index; -1 where there is none. */
export interface PropertyPositions {
  readonly starts: Int32Array
  readonly ends: Int32Array
}

/** Looks up a fixed set of properties in one pass, without allocation. */
export class PropertyFinder {
  readonly #names: readonly Buffer[]
  /** Which names have a length: most entries are told apart by it alone. */
  readonly #indexesOfLength: readonly (readonly number[])[]
  /** What {@link scan} fills. */
  readonly #scanned: PropertyPositions
  /** Of what it was filled from, and where that started: the next message has other values. */
  readonly #shape: BytesTemplate
  #scannedStart = 0
  #current: PropertyPositions

  /** Room that one needs in a linear memory. */
  static readonly MEMORY_BYTES = BytesTemplate.memoryBytes(SHAPE_BYTES_MAX)

  /**
   * @param names are then meant by their index
   * @param memory in which most properties lie that will be scanned
   */
  constructor(names: readonly string[], memory?: LinearMemory) {
    assert(names.length > 0, 'no property to look for')
    this.#names = names.map((name) => Buffer.from(name, 'utf8'))
    const longest = Math.max(...this.#names.map((name) => name.length))
    this.#indexesOfLength = Array.from({ length: longest + 1 }, (_, length) =>
      this.#names.flatMap((name, index) => (name.length === length ? [index] : [])),
    )
    this.#scanned = { starts: new Int32Array(names.length), ends: new Int32Array(names.length) }
    this.#current = this.#scanned
    this.#shape = new BytesTemplate(SHAPE_BYTES_MAX, IN_NO_VALUE, memory)
  }

  /** Goes through the properties in `buffer[start, end)`; forgets what it found before. */
  scan(buffer: Buffer, start: number, end: number): void {
    if (this.#shape.fits(buffer, start, end)) this.#moveTo(start)
    else this.#scanAll(buffer, start, end)
    this.#current = this.#scanned
    this.#scannedStart = start
  }

  #scanAll(buffer: Buffer, start: number, end: number): void {
    const { starts, ends } = this.#scanned
    // A handful of words: `fill` takes longer to be called than this loop.
    for (let index = 0; index < starts.length; index++) {
      starts[index] = -1
      ends[index] = -1
    }
    this.#shape.take(buffer, start, end)
    let isRegular = true
    for (let entryStart = start; entryStart < end; ) {
      const separatorAt = endOfName(buffer, entryStart, end)
      const entryEnd = endOfEntry(buffer, separatorAt, end)
      if (isEntry(entryStart, separatorAt, entryEnd)) {
        this.#shape.addHole(separatorAt + 1 - start, entryEnd - start)
        const index = this.#indexOf(buffer, entryStart, separatorAt)
        if (index >= 0) {
          starts[index] = separatorAt + 1
          ends[index] = entryEnd
        }
      } else isRegular = false
      entryStart = entryEnd + 1
    }
    if (!isRegular) this.#shape.forget()
  }

  /** What was scanned before, of properties that start elsewhere. */
  #moveTo(start: number): void {
    const { starts, ends } = this.#scanned
    const moved = start - this.#scannedStart
    for (let index = 0; index < starts.length; index++) {
      if (starts[index]! < 0) continue
      starts[index]! += moved
      ends[index]! += moved
    }
  }

  /** A copy of what the last scan found, for {@link recall}. */
  positions(): PropertyPositions {
    const { starts, ends } = this.#current
    return { starts: starts.slice(), ends: ends.slice() }
  }

  /** As if properties had been scanned whose values lie at `positions`. */
  recall(positions: PropertyPositions): void {
    this.#current = positions
  }

  /** Whether the last scan found the property with this index. */
  has(index: number): boolean {
    return this.#current.starts[index]! >= 0
  }

  /** Where the value starts in the scanned buffer, -1 without one. */
  startOf(index: number): number {
    return this.#current.starts[index]!
  }

  /** Where the value ends (exclusive) in the scanned buffer, -1 without one. */
  endOf(index: number): number {
    return this.#current.ends[index]!
  }

  #indexOf(buffer: Buffer, start: number, end: number): number {
    const indexes = this.#indexesOfLength[end - start]
    if (indexes === undefined) return -1
    for (let at = 0; at < indexes.length; at++) {
      if (hasName(buffer, start, end, this.#names[indexes[at]!]!)) return indexes[at]!
    }
    return -1
  }
}
