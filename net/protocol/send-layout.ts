/**
 * What the headers of one producer's sends have in common. A client builds all of them alike: the
 * same members in the same order, the same group and names of properties. Only a few values differ,
 * and most of those keep their width:
 *
 *     {"code":310,"extFields":{"a":"group","b":"topic",…,"e":"3",…,"g":"1700000000000",…
 *                                             ~~~~~           ~         ~~~~~~~~~~~~~
 *      "i":"UNIQ_KEY\u00017F00…\u0002WAIT\u0001true"},"flag":0,…,"opaque":1234,…}
 *                         ~~~~~~            ~~~~                          ~~~~
 *
 * So a first header is scanned byte by byte, and its bytes and positions are kept. One that has the
 * same bytes everywhere but at the marked values has the same positions: it is compared with the
 * first, and the marked values are read. Any other header is scanned like the first.
 */
import { equalBytes } from '../../engine/base/equal-bytes.ts'
import type { BytesTemplate } from '../../engine/format/bytes-template.ts'
import { SERIALIZE_TYPE_JSON } from '../remoting/frame-format.ts'
import type { RawFrame } from '../remoting/frame-splitter.ts'
import { asciiBytes, BACKSLASH, NON_ASCII } from './byte-codes.ts'
import { readDecimal, readDecimalInt32 } from './decimal.ts'
import { SendRequestView } from './send-message-scanner.ts'

/** How the separators of a property, U+0001 and U+0002, stand in JSON. */
const NAME_VALUE_ESCAPE = asciiBytes('\\u0001')
const PROPERTY_ESCAPE = asciiBytes('\\u0002')
const ESCAPE_BYTES = NAME_VALUE_ESCAPE.length

/** Where a property's value stands, counted from where the properties start. */
interface ValueRange {
  readonly start: number
  readonly end: number
  /** The same in the properties without escapes. */
  readonly unescapedStart: number
}

/** The layout of one header; `Kept` is what its owner made of the first message and uses again. */
export class SendLayout<Kept> {
  kept: Kept | undefined
  /** The first header's bytes, with holes where values stand. */
  readonly #template: BytesTemplate
  /** What the first header said, with positions that count from the header's start. */
  readonly #first = new SendRequestView()
  readonly #values: readonly ValueRange[]

  /**
   * The layout of the header of `frame`, of which `view` was scanned; undefined when its properties
   * are none, or unusual.
   * @param template is the layout's own from now on
   */
  static of<Kept>(
    frame: RawFrame,
    view: SendRequestView,
    template: BytesTemplate,
  ): SendLayout<Kept> | undefined {
    const isUsual = frame.serializeType === SERIALIZE_TYPE_JSON && view.opaqueStart > 0
    if (!isUsual) return undefined
    const values = findValues(view)
    if (values === undefined) return undefined
    template.take(frame.buffer, frame.headerStart, frame.headerEnd)
    return new SendLayout<Kept>(frame, view, template, values)
  }

  private constructor(
    { headerStart }: RawFrame,
    view: SendRequestView,
    template: BytesTemplate,
    values: readonly ValueRange[],
  ) {
    this.#template = template
    this.#values = values
    const first = this.#first
    first.takeMoved(view, -headerStart)
    template.addHole(first.opaqueStart, first.opaqueEnd)
    template.addHole(first.topicStart, first.topicEnd)
    template.addHole(first.queueIdStart, first.queueIdEnd)
    template.addHole(first.bornTimestampStart, first.bornTimestampEnd)
    for (const { start, end } of values) {
      template.addHole(first.propertiesStart + start, first.propertiesStart + end)
    }
  }

  /** Reads the header of `frame` into `view`; false when it has another layout. */
  read(frame: RawFrame, view: SendRequestView): boolean {
    const { buffer, headerStart } = frame
    if (!this.#template.fits(buffer, headerStart, frame.headerEnd)) return false
    const first = this.#first
    const opaque = readDecimalInt32(
      buffer,
      headerStart + first.opaqueStart,
      headerStart + first.opaqueEnd,
    )
    const queueId = readDecimalInt32(
      buffer,
      headerStart + first.queueIdStart,
      headerStart + first.queueIdEnd,
    )
    const bornTimestampMs = readDecimal(
      buffer,
      headerStart + first.bornTimestampStart,
      headerStart + first.bornTimestampEnd,
    )
    // One of them is no number: none of the sum is.
    if (Number.isNaN(opaque + queueId + bornTimestampMs)) return false
    view.takeMoved(first, headerStart)
    view.opaque = opaque
    view.queueId = queueId
    view.bornTimestampMs = bornTimestampMs
    view.buffer = buffer
    view.bodyStart = frame.headerEnd
    view.bodyEnd = frame.bodyEnd
    return true
  }

  /**
   * Copies the values of the properties of `view`, which has this layout, to where they stand in
   * `target`: the properties of the first message, without escapes.
   */
  copyValues(view: SendRequestView, target: Uint8Array): void {
    const { buffer, propertiesStart } = view
    for (const { start, end, unescapedStart } of this.#values) {
      const shift = unescapedStart - start
      for (let at = start; at < end; at += 1) target[at + shift] = buffer[propertiesStart + at]!
    }
  }
}

/** Undefined when there are no properties, or other escapes and characters than usual. */
function findValues(view: SendRequestView): ValueRange[] | undefined {
  const { buffer, propertiesStart, propertiesEnd } = view
  if (propertiesEnd === propertiesStart) return undefined
  const values: ValueRange[] = []
  let unescaped = 0
  let value: { start: number; unescapedStart: number } | undefined
  let at = propertiesStart
  while (at < propertiesEnd) {
    const code = buffer[at]!
    if (code >= NON_ASCII) return undefined
    unescaped += 1
    if (code !== BACKSLASH) {
      at += 1
      continue
    }
    const escapeEnd = at + ESCAPE_BYTES
    if (value === undefined && equalBytes(buffer, at, escapeEnd, NAME_VALUE_ESCAPE)) {
      value = { start: escapeEnd - propertiesStart, unescapedStart: unescaped }
    } else if (equalBytes(buffer, at, escapeEnd, PROPERTY_ESCAPE)) {
      if (value !== undefined) values.push({ ...value, end: at - propertiesStart })
      value = undefined
    } else {
      return undefined
    }
    at = escapeEnd
  }
  if (value !== undefined) values.push({ ...value, end: at - propertiesStart })
  return values
}
