/** The messages in the body of a pull response. RocketMQ: `PullAPIWrapper.processPullResult`. */

import { assert } from '../../engine/base/assert.ts'
import { StoreError } from '../../engine/base/errors.ts'
import { PropertyName } from '../../engine/format/message-const.ts'
import { type ByteRange, findProperty } from '../../engine/format/properties-codec.ts'
import { createRecordView, RecordVerdict, readRecord } from '../../engine/format/record-decoder.ts'
import { COMPRESSED_FLAG, COMPRESSION_MASK, compressionOf } from '../../engine/format/sys-flag.ts'
import { ClientError } from './client-error.ts'
import { decompress } from './decompress.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { ReceivedRecords } from './received-records.ts'

/** A message as it was pulled. */
export interface PulledMessage {
  readonly queueOffset: number
  /** Size of `message.body`. */
  readonly bodyBytes: number
  /** Is made when it is asked for first: until then a message that waits is but its bytes. */
  readonly message: ReceivedMessage
  /** How `message.body` is still compressed, as bits of a sysFlag; 0 when it is not. */
  readonly compressionFlags: number
  /** Why its body, which is then as it was stored, cannot be read. @default undefined, it can */
  readonly failure?: ClientError | undefined
}

const TAGS_NAME = Buffer.from(PropertyName.TAGS)
const CHECKED = Object.freeze({ checkCrc: true })
/** Reads one record after the other. */
const VIEW = createRecordView()
const TAGS: ByteRange = { start: 0, end: 0 }

/**
 * The messages of `body` whose tags `isWanted` says yes to; without it all of them.
 * @throws {StoreError} `STORE_RECORD_CORRUPT` when they are no whole records
 */
export async function decodePulled(
  body: Buffer,
  queue: MessageQueue,
  isWanted?: (tags: string | undefined) => boolean,
): Promise<PulledMessage[]> {
  const records = new ReceivedRecords(body, () => queue)
  const pulled: PulledMessage[] = []
  for (let at = 0, next = 0; at < body.length; at = next) {
    readWhole(body, at)
    next = at + VIEW.totalBytes
    if (isWanted !== undefined && !isWanted(tagsIn(body))) continue
    // Most bodies are not compressed; they need no wait of their own.
    if (compressionOf(VIEW.sysFlag) === 'none') pulled.push(recordAt(records, at))
    else pulled.push(await unpack(records, at, VIEW.sysFlag))
  }
  return pulled
}

/**
 * The messages of `bytes`, records which came by themselves and not with a pull.
 * @throws {StoreError} `STORE_RECORD_CORRUPT`
 */
export async function decodeRecords(
  bytes: Buffer,
  brokerName: string,
): Promise<readonly PulledMessage[]> {
  const records = new ReceivedRecords(bytes, (topic, queueId) => ({ topic, brokerName, queueId }))
  const pulled: PulledMessage[] = []
  for (let at = 0, next = 0; at < bytes.length; at = next) {
    readWhole(bytes, at)
    next = at + VIEW.totalBytes
    pulled.push(await unpack(records, at, VIEW.sysFlag))
  }
  return pulled
}

/** A message of which nothing is decoded yet. */
class PulledRecord implements PulledMessage {
  readonly queueOffset: number
  readonly bodyBytes: number
  readonly #records: ReceivedRecords
  readonly #at: number
  #message: ReceivedMessage | undefined

  constructor(
    records: ReceivedRecords,
    at: number,
    { queueOffset, bodyBytes }: Pick<PulledMessage, 'queueOffset' | 'bodyBytes'>,
  ) {
    this.queueOffset = queueOffset
    this.bodyBytes = bodyBytes
    this.#records = records
    this.#at = at
  }

  get message(): ReceivedMessage {
    this.#message ??= this.#records.messageAt(this.#at)
    return this.#message
  }

  get compressionFlags(): number {
    return 0
  }

  get failure(): undefined {
    return undefined
  }
}

/** The record that was read last. */
function recordAt(records: ReceivedRecords, at: number): PulledRecord {
  const { bodyEnd, bodyStart, queueOffset } = VIEW
  return new PulledRecord(records, at, { queueOffset, bodyBytes: bodyEnd - bodyStart })
}

function readWhole(records: Buffer, at: number): void {
  const verdict = readRecord(records, at, records.length, VIEW, CHECKED)
  if (verdict === RecordVerdict.WHOLE) return
  throw new StoreError('STORE_RECORD_CORRUPT', `no whole record at byte ${at}: ${verdict}`)
}

/** The tags of the record that was read last. */
function tagsIn(records: Buffer): string | undefined {
  const { propertiesEnd, propertiesStart } = VIEW
  const isTagged = findProperty(records, propertiesStart, propertiesEnd, TAGS_NAME, TAGS)
  return isTagged ? records.toString('utf8', TAGS.start, TAGS.end) : undefined
}

async function unpack(
  records: ReceivedRecords,
  at: number,
  sysFlag: number,
): Promise<PulledMessage> {
  const stored = records.messageAt(at)
  const { queue, queueOffset } = stored
  try {
    const body = await decompress(stored.body, sysFlag)
    const message = { ...stored, body }
    return { message, queueOffset, bodyBytes: body.length, compressionFlags: 0 }
  } catch (error) {
    assert(error instanceof ClientError, 'decompress throws its own error')
    const place = `${queue.topic} ${queue.brokerName}:${queue.queueId} at ${queueOffset}`
    const failure = new ClientError(error.code, `${place}: ${error.message}`, { cause: error })
    const compressionFlags = sysFlag & (COMPRESSED_FLAG | COMPRESSION_MASK)
    const bodyBytes = stored.body.length
    return { message: stored, queueOffset, bodyBytes, compressionFlags, failure }
  }
}
