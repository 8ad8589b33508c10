/**
 * Reads a JSON header as nearly all peers write it: one object of numbers and strings without
 * escapes, with one of the same kind for `extFields`, and no spaces in between. Half the time of
 * parsing into objects and copying those.
 */

/** The fields of a header by name; those of `extFields` have their own map. */
export interface ScannedHeader {
  readonly fields: Map<string, string | number>
  readonly extFields: Map<string, string>
}

const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DIGIT_0 = 0x30
const DIGIT_9 = 0x39
const COLON = 0x3a
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

/** The header in `text`; undefined when it is not as plain as that, or no JSON at all. */
export function scanHeaderJson(text: string): ScannedHeader | undefined {
  if (text.includes('\\')) return undefined
  const scan = new HeaderScan(text)
  return scan.object(scan.fields, 0) === text.length ? scan : undefined
}

class HeaderScan implements ScannedHeader {
  readonly fields = new Map<string, string | number>()
  readonly extFields = new Map<string, string>()
  readonly #text: string
  #value: string | number = ''

  constructor(text: string) {
    this.#text = text
  }

  /** Puts the members of the object at `start` into `target`; the place behind it, or -1. */
  object(target: Map<string, string | number>, start: number): number {
    const text = this.#text
    if (text.charCodeAt(start) !== OPEN_BRACE) return -1
    if (text.charCodeAt(start + 1) === CLOSE_BRACE) return start + 2
    let at = start
    do {
      const nameEnd = text.indexOf('"', at + 2)
      if (text.charCodeAt(at + 1) !== QUOTE || nameEnd < 0) return -1
      if (text.charCodeAt(nameEnd + 1) !== COLON) return -1
      at = this.#member(target, text.slice(at + 2, nameEnd), nameEnd + 2)
      if (at < 0) return -1
    } while (text.charCodeAt(at) === COMMA)
    return text.charCodeAt(at) === CLOSE_BRACE ? at + 1 : -1
  }

  #member(target: Map<string, string | number>, name: string, at: number): number {
    const isOuter = target === this.fields
    if (isOuter && name === 'extFields') {
      this.extFields.clear()
      return this.object(this.extFields, at)
    }
    const end = this.#scalar(at)
    if (end < 0) return -1
    target.set(name, isOuter ? this.#value : String(this.#value))
    return end
  }

  /** Reads a string or a whole number into the value; the place behind it, or -1. */
  #scalar(at: number): number {
    const text = this.#text
    if (text.charCodeAt(at) === QUOTE) {
      const end = text.indexOf('"', at + 1)
      if (end >= 0) this.#value = text.slice(at + 1, end)
      return end < 0 ? -1 : end + 1
    }
    let end = text.charCodeAt(at) === MINUS ? at + 1 : at
    const digitsAt = end
    while (text.charCodeAt(end) >= DIGIT_0 && text.charCodeAt(end) <= DIGIT_9) end++
    const isPlain =
      end > digitsAt && (end === digitsAt + 1 || text.charCodeAt(digitsAt) !== DIGIT_0)
    if (!isPlain) return -1
    this.#value = Number(text.slice(at, end))
    return Number.isSafeInteger(this.#value) ? end : -1
  }
}
