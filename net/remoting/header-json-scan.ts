/**
 * Reads a JSON header as nearly all peers write it: one object of numbers and strings without
 * escapes, with one of the same kind for `extFields`, and no spaces in between. It takes positions
 * from the bytes and makes no text: who wants one asks for it by name.
 *
 *   {"code":0,"extFields":{"msgId":"7F00…","queueId":"3"},"flag":1,…}
 *                           ^^^^^   ^^^^^ places of one field
 */

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COLON = 0x3a
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const NON_ASCII = 0x80
const BASE = 10
const INT32_MAX = 0x7fff_ffff

const NO_BYTES = Buffer.alloc(0)
/** Start and end of a field's name and of its value. */
const PLACES_PER_FIELD = 4
const FIELDS_FIRST = 16

/** Part of a buffer; `start` is -1 for what is not there. */
interface Place {
  start: number
  end: number
}

/** What one header says. Reused for one after the other, and valid for as long as its bytes are. */
export class HeaderJsonScan {
  code = 0
  flag = 0
  opaque = 0
  version = 0
  readonly #language: Place = { start: -1, end: -1 }
  readonly #remark: Place = { start: -1, end: -1 }
  #fieldCount = 0
  #places = new Int32Array(FIELDS_FIRST * PLACES_PER_FIELD)
  #buffer: Buffer = NO_BYTES
  #end = 0
  /** All bytes of names and values, one over the other. */
  #bits = 0
  /** The value that was read last. */
  #valueStart = 0
  #valueEnd = 0
  #number = Number.NaN

  /** Reads the header at `start..end`; false when it is not as plain as that, or no JSON at all. */
  read(buffer: Buffer, start: number, end: number): boolean {
    this.code = 0
    this.flag = 0
    this.opaque = 0
    this.version = 0
    this.#language.start = -1
    this.#remark.start = -1
    this.#fieldCount = 0
    this.#buffer = buffer
    this.#end = end
    this.#bits = 0
    return this.#object(start, true) === end
  }

  get language(): string | undefined {
    return this.#textAt(this.#language)
  }

  get remark(): string | undefined {
    return this.#textAt(this.#remark)
  }

  /** The ext fields; of those with the same name the last one. */
  extFields(): Map<string, string> {
    const extFields = new Map<string, string>()
    const count = this.#fieldCount * PLACES_PER_FIELD
    if (count === 0) return extFields
    const places = this.#places
    const isPlain = this.#bits < NON_ASCII
    // A part of a text costs less than a text of a part of the bytes.
    const first = places[0]!
    const all = isPlain ? this.#textOf(first, places[count - 1]!) : ''
    for (let at = 0; at < count; at += PLACES_PER_FIELD) {
      const nameEnd = places[at + 1]!
      const valueEnd = places[at + 3]!
      const name = isPlain
        ? all.slice(places[at]! - first, nameEnd - first)
        : this.#textOf(places[at]!, nameEnd)
      const value = isPlain
        ? all.slice(places[at + 2]! - first, valueEnd - first)
        : this.#textOf(places[at + 2]!, valueEnd)
      extFields.set(name, value)
    }
    return extFields
  }

  /** The ext field `name`, which is ASCII; undefined without one. */
  text(name: string): string | undefined {
    const at = this.#find(name)
    return at < 0 ? undefined : this.#textOf(this.#places[at + 2]!, this.#places[at + 3]!)
  }

  /** The ext field `name`, which is ASCII, as a number: NaN without one, or when it is anything but
   *  the shortest form of a safe integer. */
  integer(name: string): number {
    const at = this.#find(name)
    if (at < 0) return Number.NaN
    const end = this.#places[at + 3]!
    return this.#integer(this.#places[at + 2]!) === end ? this.#number : Number.NaN
  }

  /** Where the places of the ext field `name` are, or -1. */
  #find(name: string): number {
    const places = this.#places
    for (let at = (this.#fieldCount - 1) * PLACES_PER_FIELD; at >= 0; at -= PLACES_PER_FIELD) {
      if (this.#is(places[at]!, places[at + 1]!, name)) return at
    }
    return -1
  }

  #is(start: number, end: number, text: string): boolean {
    if (end - start !== text.length) return false
    const buffer = this.#buffer
    for (let index = 0; index < text.length; index += 1) {
      if (buffer[start + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  #textAt({ start, end }: Place): string | undefined {
    return start < 0 ? undefined : this.#textOf(start, end)
  }

  #textOf(start: number, end: number): string {
    return this.#buffer.toString(this.#bits < NON_ASCII ? 'latin1' : 'utf8', start, end)
  }

  /** Reads the members of the object at `start`; the place behind it, or -1. */
  #object(start: number, isOuter: boolean): number {
    const buffer = this.#buffer
    if (buffer[start] !== OPEN_BRACE) return -1
    if (buffer[start + 1] === CLOSE_BRACE) return start + 2
    let at = start
    do {
      if (buffer[at + 1] !== QUOTE) return -1
      const nameStart = at + 2
      const nameEnd = this.#stringEnd(nameStart)
      if (nameEnd < 0 || buffer[nameEnd + 1] !== COLON) return -1
      at = isOuter ? this.#member(nameStart, nameEnd) : this.#field(nameStart, nameEnd)
      if (at < 0) return -1
    } while (buffer[at] === COMMA)
    return buffer[at] === CLOSE_BRACE ? at + 1 : -1
  }

  /** Reads the value of an ext field whose name is at `start..end`. */
  #field(nameStart: number, nameEnd: number): number {
    const behind = this.#scalar(nameEnd + 2)
    if (behind < 0) return -1
    const at = this.#fieldCount * PLACES_PER_FIELD
    if (at === this.#places.length) {
      const larger = new Int32Array(2 * at)
      larger.set(this.#places)
      this.#places = larger
    }
    const places = this.#places
    places[at] = nameStart
    places[at + 1] = nameEnd
    places[at + 2] = this.#valueStart
    places[at + 3] = this.#valueEnd
    this.#fieldCount += 1
    return behind
  }

  /** Reads the value of a member of the header itself. */
  #member(start: number, end: number): number {
    if (this.#is(start, end, 'extFields')) {
      this.#fieldCount = 0
      return this.#object(end + 2, false)
    }
    const behind = this.#scalar(end + 2)
    if (behind < 0) return -1
    if (this.#is(start, end, 'language')) return this.#keep(this.#language, behind)
    if (this.#is(start, end, 'remark')) return this.#keep(this.#remark, behind)
    const number = Math.abs(this.#number) <= INT32_MAX ? this.#number : Number.NaN
    if (this.#is(start, end, 'code')) this.code = number
    else if (this.#is(start, end, 'flag')) this.flag = number
    else if (this.#is(start, end, 'opaque')) this.opaque = number
    else if (this.#is(start, end, 'version')) this.version = number
    else return behind
    return Number.isNaN(number) ? -1 : behind
  }

  /** Takes the last value, which must be a string, as that of `place`. */
  #keep(place: Place, behind: number): number {
    if (!Number.isNaN(this.#number)) return -1
    place.start = this.#valueStart
    place.end = this.#valueEnd
    return behind
  }

  /** Reads a string or a whole number; the place behind it, or -1. */
  #scalar(at: number): number {
    const isString = this.#buffer[at] === QUOTE
    this.#valueStart = isString ? at + 1 : at
    this.#valueEnd = isString ? this.#stringEnd(at + 1) : this.#integer(at)
    if (isString) this.#number = Number.NaN
    return isString && this.#valueEnd >= 0 ? this.#valueEnd + 1 : this.#valueEnd
  }

  /** The closing quote of the string whose inside begins at `start`, or -1. */
  #stringEnd(start: number): number {
    const buffer = this.#buffer
    const end = this.#end
    let bits = 0
    for (let at = start; at < end; at += 1) {
      const byte = buffer[at]!
      if (byte === QUOTE) {
        this.#bits |= bits
        return at
      }
      if (byte === BACKSLASH) return -1
      bits |= byte
    }
    return -1
  }

  /** Reads the whole number at `start` in its shortest form; the place behind it, or -1. */
  #integer(start: number): number {
    const buffer = this.#buffer
    const isNegative = buffer[start] === MINUS
    const first = isNegative ? start + 1 : start
    let value = 0
    let at = first
    for (; at < this.#end; at += 1) {
      const byte = buffer[at]!
      if (byte < DIGIT_0 || byte > DIGIT_9) break
      value = value * BASE + (byte - DIGIT_0)
    }
    const hasZero = buffer[first] === DIGIT_0 && (at > first + 1 || isNegative)
    if (at === first || hasZero || !Number.isSafeInteger(value)) return -1
    this.#number = isNegative ? -value : value
    return at
  }
}
