/** A record as an object for users: what a reader of the log or of a pull response gets. */

import { StoreError } from '../base/errors.ts'
import { formatHost } from './host.ts'
import { offsetMessageIdOf } from './message-id.ts'
import { decodeProperties } from './properties-codec.ts'
import {
  createRecordView,
  type ReadRecordOptions,
  RecordVerdict,
  type RecordView,
  readRecord,
} from './record-decoder.ts'
import { RepeatedText } from './repeated-text.ts'

/** A message with everything that the log knows of it. */
export interface StoredMessage {
  readonly topic: string
  readonly queueId: number
  /** Place in its queue, in messages. */
  readonly queueOffset: number
  /** Place in the commit log, in bytes. */
  readonly physicalOffset: number
  readonly storeTimestampMs: number
  readonly bornTimestampMs: number
  /** `ip:port` of the sender; an IPv6 address stands in brackets. */
  readonly bornHost: string
  /** `ip:port` of the broker. */
  readonly storeHost: string
  /** Bits of sys-flag.ts. */
  readonly sysFlag: number
  /** The application's own flag. */
  readonly flag: number
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly bodyCrc: number
  /** The stored bytes, still compressed if they were: a view of the buffer that was decoded. */
  readonly body: Buffer
  readonly properties: Map<string, string>
  /** Offset message id: store host and physical offset, 32 or 56 hexadecimal digits. */
  readonly messageId: string
  /** Size of the whole record in bytes. */
  readonly totalBytes: number
}

const STRUCTURE_ONLY: ReadRecordOptions = { checkCrc: false }

/**
 * The record at `buffer[at]`. The message's `body` is a view of `buffer` and lives as long as it.
 * @throws {StoreError} `STORE_RECORD_CORRUPT` when there is no whole record.
 */
export function decodeMessage(
  buffer: Buffer,
  at = 0,
  options: ReadRecordOptions = STRUCTURE_ONLY,
): StoredMessage {
  const view = createRecordView()
  const verdict = readRecord(buffer, at, buffer.length, view, options)
  if (verdict !== RecordVerdict.WHOLE) throw notWhole(verdict, at)
  return toStoredMessage(buffer, view)
}

/**
 * The records that lie one after the other in `buffer`, as in the body of a pull response.
 * @throws {StoreError} `STORE_RECORD_CORRUPT` where one of them is not whole.
 */
export function* messagesIn(
  buffer: Buffer,
  options: ReadRecordOptions = STRUCTURE_ONLY,
): Generator<StoredMessage, void, undefined> {
  const view = createRecordView()
  const texts = recordTexts()
  for (let at = 0; at < buffer.length; at += view.totalBytes) {
    const verdict = readRecord(buffer, at, buffer.length, view, options)
    if (verdict !== RecordVerdict.WHOLE) throw notWhole(verdict, at)
    yield toStoredMessage(buffer, view, texts)
  }
}

/** The message that a `WHOLE` view describes; `body` is a view of `buffer`. */
export function toStoredMessage(
  buffer: Buffer,
  view: RecordView,
  texts = recordTexts(),
): StoredMessage {
  return {
    topic: texts.topic.read(buffer, view.topicStart, view.topicEnd),
    queueId: view.queueId,
    queueOffset: view.queueOffset,
    physicalOffset: view.physicalOffset,
    storeTimestampMs: view.storeTimestampMs,
    bornTimestampMs: view.bornTimestampMs,
    bornHost: texts.bornHost.read(buffer, view.bornHostStart, view.bornHostEnd),
    storeHost: texts.storeHost.read(buffer, view.storeHostStart, view.storeHostEnd),
    sysFlag: view.sysFlag,
    flag: view.flag,
    reconsumeTimes: view.reconsumeTimes,
    preparedTransactionOffset: view.preparedTransactionOffset,
    bodyCrc: view.bodyCrc,
    body: buffer.subarray(view.bodyStart, view.bodyEnd),
    properties: decodeProperties(buffer, view.propertiesStart, view.propertiesEnd),
    messageId: offsetMessageIdOf(
      buffer,
      view.storeHostStart,
      view.storeHostEnd,
      view.physicalOffset,
    ),
    totalBytes: view.totalBytes,
  }
}

/** What records that lie together mostly have in common. */
interface RecordTexts {
  readonly topic: RepeatedText
  readonly bornHost: RepeatedText
  readonly storeHost: RepeatedText
}

function recordTexts(): RecordTexts {
  return {
    topic: new RepeatedText((buffer, start, end) => buffer.toString('utf8', start, end)),
    bornHost: new RepeatedText(formatHost),
    storeHost: new RepeatedText(formatHost),
  }
}

function notWhole(verdict: RecordVerdict, at: number): StoreError {
  return new StoreError('STORE_RECORD_CORRUPT', `no whole record at byte ${at}: ${verdict}`)
}
