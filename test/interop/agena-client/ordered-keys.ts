import assert from 'node:assert/strict'
import { Collector, type ScenarioPlace, startProducer } from './scenario.ts'

const KEYS = ['order-1', 'order-2', 'order-3']
const STEPS = 10

/** Messages with one sharding key lie in one queue, in the order in which they were sent. */
export async function orderedKeys(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  for (let step = 0; step < STEPS; step += 1) {
    for (const shardingKey of KEYS) {
      await producer.send({ topic, body: `${shardingKey} ${step}` }, { shardingKey })
    }
  }
  const collector = await Collector.start(place)
  try {
    await collector.until(KEYS.length * STEPS)
    for (const key of KEYS) {
      const ofKey = collector.received.filter(({ body }) => body.toString().startsWith(`${key} `))
      assert.equal(new Set(ofKey.map(({ queue }) => queue.queueId)).size, 1)
      const inOrder = ofKey.toSorted((left, right) => left.queueOffset - right.queueOffset)
      assert.deepEqual(
        inOrder.map(({ body }) => body.toString()),
        Array.from({ length: STEPS }, (_, step) => `${key} ${step}`),
      )
    }
  } finally {
    await collector.close()
  }
}
