/** The messages in the body of a pull response. RocketMQ: `PullAPIWrapper.processPullResult`. */

import { assert } from '../../engine/base/assert.ts'
import { KEY_SEPARATOR, PropertyName } from '../../engine/format/message-const.ts'
import { messagesIn, type StoredMessage } from '../../engine/format/stored-message.ts'
import { COMPRESSED_FLAG, COMPRESSION_MASK, compressionOf } from '../../engine/format/sys-flag.ts'
import { ClientError } from './client-error.ts'
import { decompress } from './decompress.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { isRetryTopic } from './resource-name.ts'

const NO_KEYS: readonly string[] = Object.freeze([])

/** A message as it was pulled. */
export interface PulledMessage {
  readonly message: ReceivedMessage
  /** How `message.body` is still compressed, as bits of a sysFlag; 0 when it is not. */
  readonly compressionFlags: number
  /** Why its body, which is then as it was stored, cannot be read. @default undefined, it can */
  readonly failure?: ClientError
}

/**
 * The messages of `body` that `isWanted` says yes to.
 * @throws {StoreError} `STORE_RECORD_CORRUPT` when they are no whole records
 */
export async function decodePulled(
  body: Buffer,
  queue: MessageQueue,
  isWanted: (tags: string | undefined) => boolean,
): Promise<PulledMessage[]> {
  const pulled: PulledMessage[] = []
  for (const stored of messagesIn(body, { checkCrc: true })) {
    if (!isWanted(stored.properties.get(PropertyName.TAGS))) continue
    // Most bodies are not compressed; they need no wait of their own.
    if (compressionOf(stored.sysFlag) === 'none') {
      pulled.push({ message: toReceived(stored, queue, stored.body), compressionFlags: 0 })
    } else {
      pulled.push(await unpack(stored, queue))
    }
  }
  return pulled
}

/**
 * The messages of `records`, which came by themselves and not with a pull.
 * @throws {StoreError} `STORE_RECORD_CORRUPT`
 */
export async function decodeRecords(
  records: Buffer,
  brokerName: string,
): Promise<readonly PulledMessage[]> {
  const pulled: PulledMessage[] = []
  for (const stored of messagesIn(records, { checkCrc: true })) {
    const { queueId, topic } = stored
    pulled.push(await unpack(stored, { topic, brokerName, queueId }))
  }
  return pulled
}

async function unpack(stored: StoredMessage, queue: MessageQueue): Promise<PulledMessage> {
  try {
    const body = await decompress(stored.body, stored.sysFlag)
    return { message: toReceived(stored, queue, body), compressionFlags: 0 }
  } catch (error) {
    assert(error instanceof ClientError, 'decompress throws its own error')
    const place = `${queue.topic} ${queue.brokerName}:${queue.queueId} at ${stored.queueOffset}`
    const failure = new ClientError(error.code, `${place}: ${error.message}`, { cause: error })
    const compressionFlags = stored.sysFlag & (COMPRESSED_FLAG | COMPRESSION_MASK)
    return { message: toReceived(stored, queue, stored.body), compressionFlags, failure }
  }
}

function toReceived(stored: StoredMessage, queue: MessageQueue, body: Buffer): ReceivedMessage {
  const { properties } = stored
  const origin = isRetryTopic(stored.topic) ? properties.get(PropertyName.RETRY_TOPIC) : undefined
  const keys = properties.get(PropertyName.KEYS)
  return {
    topic: origin ?? stored.topic,
    queue,
    queueOffset: stored.queueOffset,
    messageId: properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) ?? stored.messageId,
    offsetMessageId: stored.messageId,
    body,
    tags: properties.get(PropertyName.TAGS),
    keys: keys === undefined ? NO_KEYS : keys.split(KEY_SEPARATOR).filter((key) => key !== ''),
    properties,
    flag: stored.flag,
    reconsumeTimes: stored.reconsumeTimes,
    bornTimestampMs: stored.bornTimestampMs,
    bornHost: stored.bornHost,
    storeTimestampMs: stored.storeTimestampMs,
    storeHost: stored.storeHost,
    physicalOffset: stored.physicalOffset,
  }
}
