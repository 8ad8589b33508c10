/**
 * The properties of a message on their way from the request into the record: unescaped, looked
 * through once, and stamped with what the broker adds (SendMessageProcessor.sendMessage,
 * AbstractSendMessageProcessor.buildMsgContext).
 */
import { PropertyName } from '../../../engine/format/message-const.ts'
import { type UniqueMessageIdOptions, UniqueMessageIds } from '../../../engine/format/message-id.ts'
import {
  decodeProperties,
  encodeProperties,
  holdsNul,
  PROPERTY_SEPARATOR,
  PropertyFinder,
  type PropertyPositions,
} from '../../../engine/format/properties-codec.ts'
import { PROPERTIES_MAX_BYTES } from '../../../engine/format/record-format.ts'
import { readDecimalInt32 } from '../../protocol/decimal.ts'
import { ESCAPED_BYTES_PER_BYTE, unescapeJson } from '../../protocol/json-escape.ts'
import type { SendLayout } from '../../protocol/send-layout.ts'
import type { SendRequestView } from '../../protocol/send-message-scanner.ts'

/** What the broker adds may be this long, in bytes. */
const STAMP_BYTES_MAX = 4096
const SCRATCH_BYTES = PROPERTIES_MAX_BYTES * ESCAPED_BYTES_PER_BYTE + STAMP_BYTES_MAX

const UNIQUE_KEY = 0
const WAIT = 1
const DELAY = 2
const TIMER_DELIVER_MS = 3
const TIMER_DELAY_SEC = 4
const TIMER_DELAY_MS = 5
const TRANSACTION_PREPARED = 6
const CLUSTER = 7
const REGION = 8
const TRACE = 9
const NAMES = [
  PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX,
  PropertyName.WAIT_STORE_MSG_OK,
  PropertyName.DELAY_TIME_LEVEL,
  PropertyName.TIMER_DELIVER_MS,
  PropertyName.TIMER_DELAY_SEC,
  PropertyName.TIMER_DELAY_MS,
  PropertyName.TRANSACTION_PREPARED,
  PropertyName.CLUSTER,
  PropertyName.MSG_REGION,
  PropertyName.TRACE_SWITCH,
] as const

const FALSE = Buffer.from('false')
/** Asked for by a batch, or in one. */
export const DELAYED_BATCH = 'delayed delivery (DELAY) of batches'

/** What every message of one broker is stamped with. */
export interface PropertyStamp {
  readonly clusterName: string
  readonly regionId: string
  readonly traceOn: boolean
}

/** Properties of one message as they go into the record. */
interface Stamped {
  readonly bytes: Buffer
  end: number
  uniqueKeyStart: number
  uniqueKeyEnd: number
}

/** Stamped properties that wait for the next message of the same layout. */
export interface KeptProperties extends Stamped {
  readonly positions: PropertyPositions
}

/** One instance serves all messages, one after the other. */
export class SendProperties {
  readonly #scratch: Stamped = {
    bytes: Buffer.alloc(SCRATCH_BYTES),
    end: 0,
    uniqueKeyStart: 0,
    uniqueKeyEnd: 0,
  }
  #current = this.#scratch
  /** Their values are known to be plain characters, as {@link SendLayout} has them. */
  arePlain = false
  /** They hold U+0000, which is not stored. */
  holdsNul = false
  readonly #finder = new PropertyFinder(NAMES)
  /** For the messages of a batch. */
  readonly #innerFinder = new PropertyFinder(NAMES)
  readonly #stampProperties: ReadonlyMap<string, string>
  readonly #stampBytes: Buffer
  readonly #uniqueIds: UniqueMessageIds

  constructor(stamp: PropertyStamp, ids: UniqueMessageIdOptions) {
    this.#stampProperties = new Map<string, string>([
      [PropertyName.MSG_REGION, stamp.regionId],
      [PropertyName.TRACE_SWITCH, String(stamp.traceOn)],
      [PropertyName.CLUSTER, stamp.clusterName],
    ])
    this.#stampBytes = encodeProperties(this.#stampProperties)
    this.#uniqueIds = new UniqueMessageIds(ids)
  }

  /** The properties as they go into the record; valid until the next {@link take}. */
  get bytes(): Buffer {
    return this.#current.bytes
  }

  get end(): number {
    return this.#current.end
  }

  /** Where the unique key lies in `bytes`. */
  get uniqueKeyStart(): number {
    return this.#current.uniqueKeyStart
  }

  get uniqueKeyEnd(): number {
    return this.#current.uniqueKeyEnd
  }

  /** Whether the sender waits for the flush (`WAIT` is not false). */
  get waitsForFlush(): boolean {
    return !this.#is(WAIT, FALSE)
  }

  /** A feature that the message asks for and that this broker does not have yet. */
  get unsupportedFeature(): string | undefined {
    return unsupportedIn(this.#finder, this.bytes)
  }

  /**
   * What one message in a batch asks for and batches do not have; its properties lie in
   * `bytes[start, end)`.
   */
  unsupportedFeatureOf(bytes: Buffer, start: number, end: number): string | undefined {
    this.#innerFinder.scan(bytes, start, end)
    if (delayLevelIn(this.#innerFinder, bytes) !== 0) return DELAYED_BATCH
    return unsupportedIn(this.#innerFinder, bytes)
  }

  /**
   * The level by which the message is delayed; 0 when it is not, NaN when what stands there is no
   * number.
   */
  get delayLevel(): number {
    return delayLevelIn(this.#finder, this.bytes)
  }

  /**
   * Takes the properties of one request. Those of a layout are looked through and stamped once;
   * for its other messages only the values are copied.
   * @returns false when they are longer than a record can hold.
   */
  take(view: SendRequestView, layout?: SendLayout<KeptProperties>): boolean {
    const kept = layout?.kept
    if (layout === undefined || kept === undefined) return this.#takeAnew(view, layout)
    // Those of a layout's are.
    this.arePlain = true
    this.holdsNul = false
    layout.copyValues(view, kept.bytes)
    this.#current = kept
    this.#finder.recall(kept.positions)
    return true
  }

  #takeAnew(view: SendRequestView, layout: SendLayout<KeptProperties> | undefined): boolean {
    if (view.propertiesEnd - view.propertiesStart > SCRATCH_BYTES - STAMP_BYTES_MAX) return false
    this.arePlain = false
    const current = this.#scratch
    const finder = this.#finder
    this.#current = current
    current.end = this.#copy(view)
    if (current.end > PROPERTIES_MAX_BYTES) return false
    this.holdsNul = holdsNul(current.bytes, 0, current.end)
    finder.scan(current.bytes, 0, current.end)
    const isNew = !finder.has(CLUSTER) && !finder.has(REGION) && !finder.has(TRACE)
    const hasUniqueKey = finder.has(UNIQUE_KEY)
    if (isNew) this.#stamp(view)
    else this.#restamp(view)
    if (current.end > PROPERTIES_MAX_BYTES) return false
    // Otherwise the stamp holds values of this one message.
    const isKept = isNew && hasUniqueKey && !this.holdsNul
    if (layout !== undefined && isKept) layout.kept = this.#keep()
    return true
  }

  #keep(): KeptProperties {
    const { bytes, end, uniqueKeyStart, uniqueKeyEnd } = this.#scratch
    const positions = this.#finder.positions()
    return {
      bytes: Buffer.from(bytes.subarray(0, end)),
      end,
      uniqueKeyStart,
      uniqueKeyEnd,
      positions,
    }
  }

  #copy(view: SendRequestView): number {
    const { bytes } = this.#scratch
    const { buffer, propertiesStart, propertiesEnd } = view
    if (view.propertiesEscaped) {
      return unescapeJson(buffer, propertiesStart, propertiesEnd, bytes, 0)
    }
    return buffer.copy(bytes, 0, propertiesStart, propertiesEnd)
  }

  #stamp(view: SendRequestView): void {
    const current = this.#scratch
    const { bytes } = current
    if (current.end > 0 && bytes[current.end - 1] !== PROPERTY_SEPARATOR) {
      bytes[current.end] = PROPERTY_SEPARATOR
      current.end += 1
    }
    this.#stampBytes.copy(bytes, current.end)
    current.end += this.#stampBytes.length
    if (this.#finder.has(UNIQUE_KEY)) {
      current.uniqueKeyStart = this.#finder.startOf(UNIQUE_KEY)
      current.uniqueKeyEnd = this.#finder.endOf(UNIQUE_KEY)
      return
    }
    current.uniqueKeyStart = current.end
    current.uniqueKeyEnd = current.end
    // Java makes a key for a single message only: that of a batch is its sender's, or none.
    if (view.isBatch) return
    const entry = new Map([[PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, this.#uniqueIds.next()]])
    const entryBytes = encodeProperties(entry)
    current.uniqueKeyStart = current.end + PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX.length + 1
    entryBytes.copy(bytes, current.end)
    current.end += entryBytes.length
    current.uniqueKeyEnd = current.end - 1
  }

  /** The message has been at a broker before: what that one added is replaced. */
  #restamp(view: SendRequestView): void {
    const current = this.#scratch
    const properties = decodeProperties(current.bytes, 0, current.end)
    for (const name of this.#stampProperties.keys()) properties.delete(name)
    current.end = encodeProperties(properties).copy(current.bytes)
    this.#finder.scan(current.bytes, 0, current.end)
    this.#stamp(view)
  }

  #is(index: number, text: Buffer): boolean {
    if (!this.#finder.has(index)) return false
    const start = this.#finder.startOf(index)
    return this.bytes.compare(text, 0, text.length, start, this.#finder.endOf(index)) === 0
  }
}

/** A feature that properties ask for and that this broker does not have yet. */
function unsupportedIn(finder: PropertyFinder, bytes: Buffer): string | undefined {
  // As Java's parseBoolean reads it.
  if (
    finder.has(TRANSACTION_PREPARED) &&
    /^true$/i.test(textOf(finder, bytes, TRANSACTION_PREPARED))
  )
    return 'transactions (TRAN_MSG)'
  // A level goes before a time (HookUtils.checkIfTimerMessage).
  if (delayLevelIn(finder, bytes) > 0) return undefined
  if (finder.has(TIMER_DELIVER_MS)) return 'delivery at a given time (TIMER_DELIVER_MS)'
  if (finder.has(TIMER_DELAY_SEC)) return 'delivery at a given time (TIMER_DELAY_SEC)'
  if (finder.has(TIMER_DELAY_MS)) return 'delivery at a given time (TIMER_DELAY_MS)'
  return undefined
}

/** What Java's parseInt makes of DELAY: 0 for none or one below, NaN for no number. */
function delayLevelIn(finder: PropertyFinder, bytes: Buffer): number {
  if (!finder.has(DELAY)) return 0
  const level = readDecimalInt32(bytes, finder.startOf(DELAY), finder.endOf(DELAY))
  if (!Number.isNaN(level)) return Math.max(0, level)
  const text = textOf(finder, bytes, DELAY)
  return /^[+-]?\d{1,9}$/.test(text) ? Math.max(0, Number(text)) : Number.NaN
}

function textOf(finder: PropertyFinder, bytes: Buffer, index: number): string {
  return bytes.toString('latin1', finder.startOf(index), finder.endOf(index))
}
