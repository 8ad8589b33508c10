import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { PushConsumerOptions } from '../../../net/client/index.ts'
import {
  bodiesOf,
  Collector,
  numbered,
  type ScenarioPlace,
  sendAll,
  startProducer,
} from './scenario.ts'

/** Every consumer gets everything, and one that was away gets what it missed. */
export async function broadcast(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  const offsetFolder = await mkdtemp(join(tmpdir(), 'agena-broadcast-'))
  const optionsOf = (instanceName: string): Partial<PushConsumerOptions> => ({
    messageModel: 'broadcasting',
    offsetFolder,
    instanceName,
  })
  try {
    await using producer = await startProducer(place)
    await sendAll(producer, numbered(topic, 'first', 20))
    const one = await Collector.start(place, optionsOf('one'))
    const two = await Collector.start(place, optionsOf('two'))
    await one.until(20)
    await two.until(20)
    await two.close()
    await sendAll(producer, numbered(topic, 'second', 10))
    await one.until(30)
    await one.close()
    const again = await Collector.start(place, optionsOf('two'))
    await again.until(10)
    await again.close()
    const all = [...bodiesOf('first', 20), ...bodiesOf('second', 10)].sort()
    assert.deepEqual(one.bodies.toSorted(), all)
    assert.deepEqual([...two.bodies, ...again.bodies].sort(), all)
  } finally {
    await rm(offsetFolder, { recursive: true, force: true })
  }
}
