import { setTimeout as sleep } from 'node:timers/promises'
import type { TestConsumer } from '../client-program.ts'
import { bodies, numbered, type Stage, sortedBodies, until } from '../stage.ts'

/** Every consumer gets everything, and one that was away gets what it missed. */
export async function broadcasting(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  const member = (name: string): Promise<TestConsumer> =>
    stage.consumer({ model: 'broadcasting', instanceName: `${stage.name}-${name}` })
  const one = await member('one')
  const two = await member('two')
  await producer.send({ topic, messages: numbered('first', 10) })
  await one.settled(10)
  const before = await two.settled(10)
  await two.stop()
  await producer.send({ topic, messages: numbered('second', 5) })
  const all = await one.settled(15)
  const again = await member('two')
  return {
    one: sortedBodies(all),
    two: sortedBodies(before),
    again: sortedBodies(await again.settled(5)),
  }
}

/** What a broadcasting consumer fails to handle does not come back. */
export async function broadcastingFailure(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const rules = [{ body: 'message-1', answer: 'later' }] as const
  const instanceName = `${stage.name}-one`
  const consumer = await stage.consumer({ model: 'broadcasting', instanceName, rules })
  await producer.send({ topic, messages: numbered('message', 3) })
  return sortedBodies(await consumer.settled(3, 3_000))
}

/** The members share the queues, take over what one leaves, and each message comes once. */
export async function rebalance(stage: Stage): Promise<unknown> {
  return shared(stage, undefined)
}

export async function rebalanceByCircle(stage: Stage): Promise<unknown> {
  return shared(stage, 'circle')
}

/** Which queue goes to whom hangs on the members' names. */
export async function rebalanceByHash(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(8)
  const members = [
    await stage.consumer({ strategy: 'consistentHash' }),
    await stage.consumer({ strategy: 'consistentHash' }),
  ]
  const division = async (): Promise<number[]> =>
    (await Promise.all(members.map((member) => member.assigned(topic)))).flat()
  await until('a division', async () => {
    const before = await division()
    await sleep(500)
    const after = await division()
    return after.length === 8 && String(before) === String(after)
  })
  return (await division()).sort((left, right) => left - right)
}

async function shared(stage: Stage, strategy: 'circle' | undefined): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  const join = (name: string): Promise<TestConsumer> =>
    stage.consumer({
      instanceName: `${stage.name}-${name}`,
      ...(strategy === undefined ? {} : { strategy }),
    })
  const send = async (name: string) => {
    await producer.send({ topic, queueIds: [0, 1, 2, 3], messages: numbered(name, 8) })
  }
  const first = await join('a')
  await has(first, topic, 4)
  const second = await join('b')
  await Promise.all([has(first, topic, 2), has(second, topic, 2)])
  const shares = [await first.assigned(topic), await second.assigned(topic)]
  await send('shared')
  const [ofFirst, ofSecond] = [await first.settled(4), await second.settled(4)]
  await second.stop()
  await has(first, topic, 4)
  await send('alone')
  const alone = bodies(await first.settled(12)).filter((body) => body.startsWith('alone'))
  const both = sortedBodies([...ofFirst, ...ofSecond])
  return { shares, both, ofFirst: sortedBodies(ofFirst), alone: alone.sort() }
}

async function has(member: TestConsumer, topic: string, count: number): Promise<void> {
  await until(`${count} queues`, async () => (await member.assigned(topic)).length === count)
}

/** A broker that goes and comes back is found again; consuming and sending go on. */
export async function brokerRestart(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  const consumer = await stage.consumer()
  const ordered = await stage.consumer({ group: `${stage.group}-orderly`, mode: 'orderly' })
  await producer.send({ topic, messages: numbered('before', 6) })
  await consumer.settled(6)
  await ordered.settled(6)
  await stage.pair.restartBroker()
  await until('a send', async () => {
    const messages = numbered('after', 6)
    return (await producer.trySend({ topic, messages })).failure === undefined
  })
  // A send whose answer was lost is stored twice.
  const unique = async (member: TestConsumer): Promise<string[]> => [
    ...new Set(sortedBodies(await member.received())),
  ]
  for (const member of [consumer, ordered]) {
    await until('everything', async () => (await unique(member)).length === 12)
  }
  return [await unique(consumer), await unique(ordered)]
}
