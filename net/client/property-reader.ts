import { I32_BYTES } from '../../engine/base/units.ts'
import { decodeProperties, PROPERTY_SEPARATOR } from '../../engine/format/properties-codec.ts'

/** After so many messages in a row that are unlike those before them none are compared. */
const MISSES_MAX = 4

/**
 * Reads the properties of messages that lie together. Mostly one differs from the one before it in
 * a few values of the same length, and the others need not be decoded again:
 *
 *     UNIQ_KEY 1 7F00…01 2 WAIT 1 true 2 TAGS 1 TagA 2      the last message
 *     UNIQ_KEY 1 7F00…02 2 WAIT 1 true 2 TAGS 1 TagA 2      this one
 *                ======= decoded, the rest is compared
 *
 * A text that is used again also has its hash already, and is one object for all.
 */
export class PropertyReader {
  readonly #buffer: Buffer
  readonly #view: DataView
  /** The last message: where it starts, how long it is (-1 to compare with none), and its entries
   *  with the places of their values from its start. */
  #start = 0
  #length = -1
  #names: string[] = []
  #values: string[] = []
  #valueStarts: number[] = []
  #valueEnds: number[] = []
  #missCount = 0

  /** For messages in `buffer`. */
  constructor(buffer: Buffer) {
    this.#buffer = buffer
    this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length)
  }

  /** What `decodeProperties` makes of `[start, end)`. */
  read(start: number, end: number): Map<string, string> {
    const alike = end - start === this.#length ? this.#compare(start) : undefined
    if (alike !== undefined) {
      this.#start = start
      this.#missCount = 0
      return alike
    }
    const properties = decodeProperties(this.#buffer, start, end)
    this.#length = -1
    if (this.#missCount < MISSES_MAX) this.#remember(properties, start, end - start)
    this.#missCount += 1
    return properties
  }

  /** The properties at `start`; undefined where more than values of the same length differs. */
  #compare(start: number): Map<string, string> | undefined {
    const properties = new Map<string, string>()
    const { length } = this.#names
    let from = 0
    for (let index = 0; index < length; index += 1) {
      const valueStart = this.#valueStarts[index]!
      const valueEnd = this.#valueEnds[index]!
      if (!this.#isSame(start, from, valueStart)) return undefined
      if (!this.#isSame(start, valueStart, valueEnd)) {
        if (this.#holdsSeparator(start + valueStart, start + valueEnd)) return undefined
        this.#values[index] = this.#buffer.toString('utf8', start + valueStart, start + valueEnd)
      }
      properties.set(this.#names[index]!, this.#values[index]!)
      from = valueEnd
    }
    return this.#isSame(start, from, this.#length) ? properties : undefined
  }

  /** Whether `[from, until)` of the properties at `start` is what it is in the last message. */
  #isSame(start: number, from: number, until: number): boolean {
    const view = this.#view
    const moved = start - this.#start
    const end = this.#start + until
    let at = this.#start + from
    for (; at + I32_BYTES <= end; at += I32_BYTES) {
      if (view.getInt32(at) !== view.getInt32(at + moved)) return false
    }
    for (; at < end; at += 1) if (view.getInt8(at) !== view.getInt8(at + moved)) return false
    return true
  }

  #holdsSeparator(start: number, end: number): boolean {
    const buffer = this.#buffer
    for (let at = start; at < end; at += 1) if (buffer[at] === PROPERTY_SEPARATOR) return true
    return false
  }

  /** Takes the places of entries from the lengths of their texts, unless those do not fill it all:
   *  some are not ASCII then, or there are others that do not count. */
  #remember(properties: ReadonlyMap<string, string>, start: number, length: number): void {
    this.#names = [...properties.keys()]
    this.#values = [...properties.values()]
    this.#valueStarts = []
    this.#valueEnds = []
    let at = 0
    for (const [name, value] of properties) {
      this.#valueStarts.push(at + name.length + 1)
      at += name.length + 1 + value.length
      this.#valueEnds.push(at)
      at += 1
    }
    this.#start = start
    const isEnded = length > 0 && this.#buffer[start + length - 1] === PROPERTY_SEPARATOR
    const isWhole = at === (isEnded || length === 0 ? length : length + 1)
    this.#length = isWhole ? length : -1
  }
}
