import assert from 'node:assert/strict'
import { Collector, quiet, type ScenarioPlace, sendAll, startProducer } from './scenario.ts'

/** Of a topic's messages only those with a wanted tag come, and the others count as consumed. */
export async function tagFilter(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  // The Java hash codes of AaAa and BBBB are equal: the broker cannot tell these two apart.
  const tags = ['red', 'green', 'AaAa', 'BBBB', undefined]
  const messages = tags.flatMap((tag) =>
    [1, 2, 3].map((index) => ({ topic, body: `${tag} ${index}`, tags: tag })),
  )
  await sendAll(producer, messages)
  const filter = { subscriptions: { [topic]: 'red || AaAa' } }
  const collector = await Collector.start(place, filter)
  try {
    await collector.until(6)
    await quiet()
    const expected = ['AaAa 1', 'AaAa 2', 'AaAa 3', 'red 1', 'red 2', 'red 3']
    assert.deepEqual(collector.bodies.toSorted(), expected)
  } finally {
    await collector.close()
  }
  const again = await Collector.start(place, filter)
  await quiet()
  await again.close()
  assert.deepEqual(again.bodies, [])
}
