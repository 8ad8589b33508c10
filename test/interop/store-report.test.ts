import { expect, test } from 'vitest'
import type { OutgoingMessage, StoreReport } from './java-toolbox.ts'
import { describeSide } from './lane.ts'
import { smallSegmentSettings, smallSegments } from './small-segments.ts'
import { numbered, Suite } from './suite.ts'

const TOPIC = 'Report'
/** The most offsets that Java's index returns for a key (`maxMsgsNumBatch`). */
const INDEX_ANSWER_MAX = 64
/** Of the topics that a scenario fills; a broker's own may hold anything. */
const isOurs = (row: { readonly topic: string }): boolean => row.topic === TOPIC

describeSide('agena', 'a store that Apache RocketMQ’s own store opens', () => {
  const suite = new Suite('agena', smallSegmentSettings)

  test.each(['stop', 'kill'] as const)('is whole after a %s', async (end) => {
    const written = await fill(suite, end)
    await suite.cluster[end]()
    const { dataDirectory } = suite.cluster
    const request = { root: dataDirectory, settings: smallSegments }
    const report = await suite.toolbox.readStore(request)
    const messages = report.messages.filter(isOurs)
    const stored = messages.map((message) => Buffer.from(message.bodyBase64, 'base64').toString())
    for (const message of written) expect(stored).toContain(message.body)
    expectQueuesToMatch(report)
    expectIndexToMatch(report)
    expectMessageIds(report)
    if (end === 'stop') await suite.reopen()
  })
})

async function fill(suite: Suite, name: string): Promise<readonly OutgoingMessage[]> {
  const single = numbered(`${name}-single`, 150)
  const long = numbered(`${name}-long`, 40).map((message) => ({
    ...message,
    body: `${message.body} ${'and on '.repeat(400)}`,
  }))
  const batch = numbered(`${name}-batch`, 30)
  await suite.produce(TOPIC, single, 'async')
  await suite.produce(TOPIC, long)
  await suite.produce(TOPIC, batch, 'batch')
  return [...single, ...long, ...batch]
}

/** Each queue's units are its messages in the log, without gap, with their tags' codes. */
function expectQueuesToMatch(report: StoreReport): void {
  const messages = report.messages.filter(isOurs)
  for (const queue of report.queues.filter(isOurs)) {
    const own = messages.filter((message) => message.queueId === queue.queueId)
    const units = own.map((message) => [
      message.queueOffset,
      message.physicalOffset,
      message.sizeBytes,
      String(javaHash(message.tags ?? '')),
    ])
    expect(queue.units).toEqual(units)
    expect(queue).toMatchObject({ minOffset: 0, maxOffset: own.length, readable: own.length })
  }
  const total = report.queues.filter(isOurs).reduce((sum, queue) => sum + queue.maxOffset, 0)
  expect(total).toBe(messages.length)
}

/**
 * Every key leads to all its messages, newest first. Recovery after a kill may enter a message
 * twice; keys of more messages than the index answers are left out.
 */
function expectIndexToMatch(report: StoreReport): void {
  const wanted = new Map<string, number[]>()
  for (const message of report.messages.filter(isOurs)) {
    for (const key of [message.uniqueKey, ...(message.keys?.split(' ') ?? [])]) {
      if (key !== null) wanted.set(key, [message.physicalOffset, ...(wanted.get(key) ?? [])])
    }
  }
  for (const row of report.index.filter(isOurs)) {
    const offsets = wanted.get(row.key) ?? []
    if (offsets.length > INDEX_ANSWER_MAX / 2) continue
    expect([row.key, [...new Set(row.physicalOffsets)]]).toEqual([row.key, offsets])
  }
}

/** The store host that a client will connect to is in every message id. */
function expectMessageIds(report: StoreReport): void {
  for (const message of report.messages.filter(isOurs)) {
    const offset = message.physicalOffset.toString(16).toUpperCase().padStart(16, '0')
    expect(message.msgId).toMatch(new RegExp(`^7F000001[0-9A-F]{8}${offset}$`))
  }
}

/** Java's `String.hashCode`. */
function javaHash(text: string): number {
  let hash = 0
  for (let at = 0; at < text.length; at++) hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  return hash
}
