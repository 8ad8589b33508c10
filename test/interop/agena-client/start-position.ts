import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import {
  bodiesOf,
  Collector,
  numbered,
  quiet,
  type ScenarioPlace,
  sendAll,
  startProducer,
} from './scenario.ts'

/** A new group begins at the first message, at a time, or (once it has begun) where it stopped. */
export async function startPosition(place: ScenarioPlace): Promise<void> {
  const { group, topic } = place
  await using producer = await startProducer(place)
  await sendAll(producer, numbered(topic, 'old', 10))
  await sleep(50)
  const middle = new Date()
  await sleep(50)
  await sendAll(producer, numbered(topic, 'new', 10))

  const fromFirst = await Collector.start(place)
  const fromTime = await Collector.start(
    { ...place, group: `${group}-time` },
    { consumeFrom: middle },
  )
  await fromFirst.until(20)
  await fromTime.until(10)
  await quiet()
  await fromFirst.close()
  await fromTime.close()
  assert.equal(fromFirst.received.length, 20)
  assert.deepEqual(fromTime.bodies.toSorted(), bodiesOf('new', 10))
}
