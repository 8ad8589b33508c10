import assert from 'node:assert/strict'
import type { ReceivedMessage } from '../../../net/client/index.ts'
import { Collector, type ScenarioPlace, sendAll, startProducer, until } from './scenario.ts'

/** What a listener puts off or throws at comes back later with the same id, the rest does not. */
export async function retryLater(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  const bodies = ['good', 'later', 'throws', `large later ${'x'.repeat(10_000)}`]
  await sendAll(
    producer,
    bodies.map((body) => ({ topic, body, keys: 'key', properties: { origin: 'agena' } })),
  )
  const attempts: ReceivedMessage[] = []
  const collector = await Collector.start(place, {
    onMessage: async ([message]) => {
      assert.ok(message !== undefined)
      attempts.push(message)
      if (message.reconsumeTimes > 0 || message.body.toString() === 'good') return 'success'
      if (message.body.toString() === 'throws') throw new Error('the listener fails once')
      return 'later'
    },
  })
  try {
    await until('every retry', () => attempts.length >= 7)
    for (const body of bodies) {
      const ofBody = attempts.filter((message) => message.body.toString() === body)
      const times = ofBody.map(({ reconsumeTimes }) => reconsumeTimes)
      assert.deepEqual(times, body === 'good' ? [0] : [0, 1])
      assert.equal(new Set(ofBody.map(({ messageId }) => messageId)).size, 1)
      for (const message of ofBody) {
        assert.equal(message.topic, topic)
        assert.deepEqual(message.keys, ['key'])
        assert.equal(message.properties.get('origin'), 'agena')
      }
    }
  } finally {
    await collector.close()
  }
}
