import assert from 'node:assert/strict'
import {
  bodiesOf,
  Collector,
  numbered,
  quiet,
  type ScenarioPlace,
  sendAll,
  startProducer,
} from './scenario.ts'

const COUNT = 12

/** A group goes on where it stopped, and gets nothing twice after a clean close. */
export async function resumeOffset(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  for (const name of ['first', 'second']) {
    await sendAll(producer, numbered(topic, name, COUNT))
    const collector = await Collector.start(place)
    await collector.until(COUNT)
    await quiet()
    await collector.close()
    assert.deepEqual(collector.bodies.toSorted(), bodiesOf(name, COUNT))
  }
}
