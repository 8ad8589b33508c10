import assert from 'node:assert/strict'
import {
  allocateByCircle,
  allocateByConsistentHash,
  type MessageQueue,
} from '../../../net/client/index.ts'
import {
  Collector,
  numbered,
  type ScenarioPlace,
  sendAll,
  startProducer,
  until,
} from './scenario.ts'

/** Members of a group with another strategy than the usual share all queues, each one once. */
export async function shareByStrategy(place: ScenarioPlace): Promise<void> {
  const { topic } = place
  await using producer = await startProducer(place)
  await sendAll(producer, numbered(topic, 'm', 8))
  for (const allocateStrategy of [allocateByCircle, allocateByConsistentHash()]) {
    const group = `${place.group}-${allocateStrategy.name}`
    const members = [
      await Collector.start({ ...place, group }, { allocateStrategy }),
      await Collector.start({ ...place, group }, { allocateStrategy }),
    ]
    const shares = (): number[][] =>
      members.map(({ consumer }) =>
        idsOf(consumer.assigned.filter((queue) => queue.topic === topic)),
      )
    const isSettled = (): boolean =>
      allocateStrategy === allocateByCircle
        ? shares().every((share) => share.length === 2 && share[1]! - share[0]! === 2)
        : shares().flat().length === 4
    await until('a division', isSettled)
    assert.deepEqual(shares().flat().sort(ascending), [0, 1, 2, 3])
    for (const member of members) await member.close()
  }
}

function idsOf(queues: readonly MessageQueue[]): number[] {
  return queues.map(({ queueId }) => queueId).sort(ascending)
}

function ascending(left: number, right: number): number {
  return left - right
}
