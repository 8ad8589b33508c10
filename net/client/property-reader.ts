import {
  decodeProperties,
  NAME_VALUE_SEPARATOR,
  PROPERTY_SEPARATOR,
} from '../../engine/format/properties-codec.ts'

const NON_ASCII = 0x80

/**
 * Reads the properties of messages that lie together: they mostly have the same names in the same
 * order, and many of the same values, which are not decoded again. A text that is used again also
 * has its hash already, and is one object for all.
 */
export class PropertyReader {
  readonly #buffer: Buffer
  /** Names and values of the last message, by their place in it; '' for what is not ASCII. */
  readonly #names: string[] = []
  readonly #values: string[] = []
  /** Where the text ends that was read last. */
  #textEnd = 0

  /** For messages in `buffer`. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer
  }

  /** What `decodeProperties` makes of `[start, end)`. */
  read(start: number, end: number): Map<string, string> {
    const properties = new Map<string, string>()
    let index = 0
    for (let at = start; at < end; at = this.#textEnd + 1) {
      const name = this.#text(this.#names, index, at, end)
      const separatorAt = this.#textEnd
      const isEntry = name !== '' && this.#buffer[separatorAt] === NAME_VALUE_SEPARATOR
      const value = isEntry ? this.#text(this.#values, index, separatorAt + 1, end) : ''
      // The codec knows the rules for what is malformed.
      if (value === '') return decodeProperties(this.#buffer, start, end)
      properties.set(name, value)
      index += 1
    }
    return properties
  }

  /** The text at `at`, which is `texts[index]` if that stands there; '' for an empty one. */
  #text(texts: string[], index: number, at: number, end: number): string {
    const known = texts[index] ?? ''
    const isValue = texts === this.#values
    const knownEnd = at + known.length
    const isKnown = known !== '' && knownEnd <= end && this.#stands(known, at)
    if (isKnown && this.#isEnd(knownEnd, end, isValue)) {
      this.#textEnd = knownEnd
      return known
    }
    const buffer = this.#buffer
    let bits = 0
    let textEnd = at
    for (; !this.#isEnd(textEnd, end, isValue); textEnd += 1) bits |= buffer[textEnd]!
    this.#textEnd = textEnd
    const isAscii = bits < NON_ASCII
    const text = buffer.toString(isAscii ? 'latin1' : 'utf8', at, textEnd)
    texts[index] = isAscii ? text : ''
    return text
  }

  #stands(text: string, at: number): boolean {
    const buffer = this.#buffer
    for (let index = 0; index < text.length; index += 1) {
      if (buffer[at + index] !== text.charCodeAt(index)) return false
    }
    return true
  }

  /** Whether a text ends at `at`. A value may hold what ends a name. */
  #isEnd(at: number, end: number, isValue: boolean): boolean {
    if (at >= end) return true
    const byte = this.#buffer[at]!
    return byte === PROPERTY_SEPARATOR || (byte === NAME_VALUE_SEPARATOR && !isValue)
  }
}
