import assert from 'node:assert/strict'
import type { Message } from '../../../net/client/index.ts'
import { Collector, quiet, type ScenarioPlace, startProducer } from './scenario.ts'

const LARGE_BYTES = 100_000

/** Every way to send stores what a push consumer then gets once, unchanged. */
export async function sendWays(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  const plain: Message = {
    topic,
    body: 'plain – ünïcode',
    tags: 'tag',
    keys: ['one', 'two'],
    properties: { origin: 'agena' },
    flag: 7,
  }
  const stored = await producer.send(plain)
  const large = await producer.send({ topic, body: 'large '.repeat(LARGE_BYTES / 6) })
  const [batch] = await producer.sendBatch(
    ['a', 'b', 'c'].map((name) => ({ topic, body: `batch ${name}`, tags: name })),
  )
  await producer.sendOneway({ topic, body: 'one-way' })
  assert.ok(batch !== undefined, 'a small batch is one part')
  for (const result of [stored, large, batch]) assert.equal(result.status, 'SEND_OK')

  const collector = await Collector.start(place)
  try {
    await collector.until(6)
    await quiet()
    const { received } = collector
    assert.equal(received.length, 6)
    const got = received.find(({ messageId }) => messageId === stored.messageId)
    assert.ok(got !== undefined, 'the plain message came with its id')
    assert.equal(got.body.toString(), plain.body)
    assert.equal(got.topic, topic)
    assert.equal(got.tags, 'tag')
    assert.deepEqual(got.keys, ['one', 'two'])
    assert.equal(got.properties.get('origin'), 'agena')
    assert.equal(got.flag, 7)
    assert.equal(got.reconsumeTimes, 0)
    assert.equal(got.offsetMessageId, stored.offsetMessageId)
    assert.deepEqual(got.queue, stored.queue)
    assert.equal(got.queueOffset, stored.queueOffset)

    const gotLarge = received.find(({ messageId }) => messageId === large.messageId)
    assert.equal(gotLarge?.body.length, Math.floor(LARGE_BYTES / 6) * 6)

    const gotBatch = received.filter(({ messageId }) => batch.messageIds.includes(messageId))
    assert.deepEqual(
      gotBatch.map(({ offsetMessageId }) => offsetMessageId).sort(),
      batch.offsetMessageIds.toSorted(),
    )
    const offsets = gotBatch.map(({ queueOffset }) => queueOffset).sort((a, b) => a - b)
    assert.deepEqual(
      offsets,
      [0, 1, 2].map((index) => batch.queueOffset + index),
    )
    assert.ok(collector.bodies.includes('one-way'))
  } finally {
    await collector.close()
  }
}
