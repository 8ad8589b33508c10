/**
 * Store folders written by Apache RocketMQ 5.5.0 are opened here: everything that Java read back
 * from them is read back, and they go on from where Java stopped.
 */
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { formatHost, parseHost } from '../../engine/format/host.ts'
import { indexKeyHash } from '../../engine/format/index-format.ts'
import { createRecordSource } from '../../engine/format/record-encoder.ts'
import { messagesIn, type StoredMessage } from '../../engine/format/stored-message.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import { GetStatus } from '../../engine/store/get-status.ts'
import { ThreadedStore } from '../../workers/threaded-store.ts'
import {
  type ExpectedMessage,
  type ExpectedQueue,
  type ExpectedStore,
  storeFixtureNames,
  unpackStoreFixture,
} from '../helpers/store-fixtures.ts'
import { whenBuilt } from '../helpers/until.ts'

const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0x2a, 0x9f])

function open(directory: string, { settings }: ExpectedStore): Promise<ThreadedStore> {
  return ThreadedStore.open(directory, {
    consumeQueueFileBytes: settings.mappedFileSizeConsumeQueue,
    indexSlotCount: settings.maxHashSlotNum,
    indexEntryCount: settings.maxIndexNum,
  })
}

async function readQueue(store: ThreadedStore, queue: ExpectedQueue): Promise<StoredMessage[]> {
  const messages: StoredMessage[] = []
  let queueOffset = queue.minOffset
  for (;;) {
    const request = { queueOffset, messageCountMax: 7 }
    const found = await store.read(queue.topic, queue.queueId, request)
    messages.push(...messagesIn(found.records))
    if (found.status !== GetStatus.FOUND && found.status !== GetStatus.MESSAGE_WAS_REMOVING) {
      return messages
    }
    queueOffset = found.nextBeginOffset
  }
}

function summary(message: StoredMessage): object {
  return {
    topic: message.topic,
    queueId: message.queueId,
    queueOffset: message.queueOffset,
    physicalOffset: message.physicalOffset,
    msgId: message.messageId,
    flag: message.flag,
    sysFlag: message.sysFlag,
    bornTimestamp: message.bornTimestampMs,
    bornHost: message.bornHost,
    storeTimestamp: message.storeTimestampMs,
    storeHost: message.storeHost,
    reconsumeTimes: message.reconsumeTimes,
    bodyCrc: message.bodyCrc,
    bodySha256: createHash('sha256').update(message.body).digest('hex'),
    properties: Object.fromEntries(message.properties),
  }
}

function expectedSummary(message: ExpectedMessage): object {
  const { topic, queueId, queueOffset, physicalOffset, msgId, flag, sysFlag } = message
  const { bornTimestamp, bornHost, storeTimestamp, storeHost, reconsumeTimes } = message
  const { bodyCrc, bodySha256, properties } = message
  return {
    ...{ topic, queueId, queueOffset, physicalOffset, msgId, flag, sysFlag },
    ...{ bornTimestamp, storeTimestamp, reconsumeTimes },
    // Java writes IPv6 addresses without shortening them.
    bornHost: formatHost(parseHost(bornHost)),
    storeHost: formatHost(parseHost(storeHost)),
    ...{ bodyCrc, bodySha256, properties },
  }
}

/** Appends one message behind the end of a queue. */
async function appendTo(store: ThreadedStore, topic: string, queueId: number): Promise<number> {
  const source = createRecordSource()
  source.topic = Buffer.from(topic)
  source.topicEnd = source.topic.length
  source.queueId = queueId
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.from('from Agena')
  source.bodyEnd = source.body.length
  for (;;) {
    const outcome = store.append(source, store.tail(topic, queueId))
    if (outcome === AppendOutcome.APPENDED) return store.log.lastQueueOffset
    expect(outcome).toBe(AppendOutcome.NOT_READY)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

describe.each(storeFixtureNames)('a store of Java: %s', (name) => {
  it('is read back in full, queue by queue', async () => {
    await using unpacked = await unpackStoreFixture(name)
    const { expected, directory } = unpacked
    await using store = await open(directory, expected)
    await whenBuilt(store)
    const byOffset = new Map(expected.messages.map((message) => [message.physicalOffset, message]))
    for (const queue of expected.queues) {
      const { topic, queueId } = queue
      const messages = await readQueue(store, queue)
      expect(store.minQueueOffset(topic, queueId), `minimum of ${topic}-${queueId}`).toBe(
        queue.minOffset,
      )
      expect(store.maxQueueOffset(topic, queueId), `end of ${topic}-${queueId}`).toBe(
        queue.maxOffset,
      )
      const wanted = queue.units
        .filter(([queueOffset]) => queueOffset >= queue.minOffset)
        .flatMap(([, physicalOffset]) => byOffset.get(physicalOffset) ?? [])
      expect(messages.map(summary)).toEqual(wanted.map(expectedSummary))
    }
  })

  it('finds messages by key and by time as Java does', async () => {
    await using unpacked = await unpackStoreFixture(name)
    const { expected, directory } = unpacked
    await using store = await open(directory, expected)
    await whenBuilt(store)
    for (const { topic, key, physicalOffsets } of expected.index) {
      const found = await store.queries.findByKey({
        keyHash: indexKeyHash(topic, key),
        beginTimestampMs: 0,
        endTimestampMs: Number.MAX_SAFE_INTEGER,
        countMax: 64,
      })
      // After a crash Java puts its last message into the index a second time.
      const wanted = [...new Set(physicalOffsets)]
      expect(found.physicalOffsets, `${topic} ${key}`).toEqual(wanted)
    }
    for (const { topic, queueId, timestamp, lower } of expected.times) {
      const offset = await store.queries.findByTime({
        topic,
        queueId,
        minOffset: store.minQueueOffset(topic, queueId),
        endOffset: store.maxQueueOffset(topic, queueId),
        timestampMs: timestamp,
        boundary: 'lower',
      })
      expect(offset, `${topic}-${queueId} at ${timestamp}`).toBe(lower)
    }
  })

  it('goes on behind what Java wrote, also after a restart', async () => {
    await using unpacked = await unpackStoreFixture(name)
    const { expected, directory } = unpacked
    const [queue] = expected.queues
    if (queue === undefined) return
    const { topic, queueId } = queue
    {
      await using store = await open(directory, expected)
      expect(await appendTo(store, topic, queueId)).toBe(queue.maxOffset)
    }
    await using store = await open(directory, expected)
    expect(store.maxQueueOffset(topic, queueId)).toBe(queue.maxOffset + 1)
    const request = { queueOffset: queue.maxOffset, messageCountMax: 1 }
    const found = await store.read(topic, queueId, request)
    const [message] = messagesIn(found.records)
    expect(message?.body.toString()).toBe('from Agena')
    expect(message?.storeHost).toBe(formatHost(HOST))
    expect(await appendTo(store, topic, queueId)).toBe(queue.maxOffset + 1)
  })
})
