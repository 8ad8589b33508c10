import type { ReceivedMessage } from '../../java-toolbox.ts'
import { bodies, numbered, type Stage, until } from '../stage.ts'

/** A broker keeps the locks of a member that died for a minute. */
const TAKEOVER_MS = 100_000
const STUCK_MS = 600_000

/** Those of one queue one after the other, whatever the number of threads. */
export async function orderly(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(3)
  const producer = await stage.producer()
  for (const queueId of [0, 1, 2]) {
    await producer.send({ topic, queueIds: [queueId], messages: numbered(`of ${queueId}`, 15) })
  }
  const consumer = await stage.consumer({ mode: 'orderly', rules: [{ holdMs: 5 }] })
  return byQueue(await consumer.settled(45))
}

/** What is put off is tried again in place, and what lies behind it waits. */
export async function suspendInOrder(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 5) })
  const rules = [
    { body: 'message-1', times: 2, answer: 'later', suspendMs: 200 },
    { body: 'message-3', times: 1, answer: 'throw', suspendMs: 200 },
  ] as const
  const consumer = await stage.consumer({ mode: 'orderly', suspendMs: 300, rules })
  const received = await consumer.settled(8)
  return received.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`)
}

/** What fails too often makes way. */
export async function deadLetterInOrder(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.createGroup()
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 3) })
  const rules = [{ body: 'message-1', answer: 'later', suspendMs: 100 }] as const
  const consumer = await stage.consumer({ mode: 'orderly', maxReconsumeTimes: 2, rules })
  const received = await consumer.settled(5)
  const dead = `%DLQ%${stage.group}`
  await stage.awaitTopic(dead)
  return {
    received: received.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`),
    dead: (await stage.stored(1, dead)).map(({ body, reconsumeTimes, properties }) => ({
      ...{ body, reconsumeTimes },
      origin: properties['RETRY_TOPIC'],
    })),
  }
}

/** A member that joins disturbs no order, and no two listeners work on one queue. */
export async function orderInAChangingGroup(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  const send = async (name: string) => {
    for (const queueId of [0, 1, 2, 3]) {
      await producer.send({ topic, queueIds: [queueId], messages: numbered(name, 40) })
    }
  }
  await send('early')
  const rules = [{ holdMs: 10 }]
  const first = await stage.consumer({ mode: 'orderly', rules })
  await until('a beginning', async () => (await first.received()).length > 20)
  const second = await stage.consumer({ mode: 'orderly', rules })
  for (const member of [first, second]) {
    await until('a share', async () => (await member.assigned(topic)).length === 2)
  }
  await send('late')
  await until('the rest', async () => {
    const [left, right] = await Promise.all([first.received(), second.received()])
    return new Set([...left, ...right].map(placeOf)).size === 320
  })
  const all = [...(await first.received()), ...(await second.received())]
  return { isInOrder: isInOrder(all), overlapCounts: byQueue(all).map((row) => row.overlapCount) }
}

/** A member that dies in the middle of its work is followed by another, which goes on in order. */
export async function crashInOrder(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  const victim = await stage.startClient()
  const rules = [{ body: 'message-5', holdMs: STUCK_MS }]
  const dying = await stage.consumer(
    { mode: 'orderly', rules, instanceName: `${stage.name}-a` },
    victim,
  )
  const survivor = await stage.consumer({ mode: 'orderly', instanceName: `${stage.name}-b` })
  const shares = async () => [await dying.assigned(topic), await survivor.assigned(topic)]
  await until('an even share', async () => (await shares()).every((share) => share.length === 2))
  const divided = await shares()
  for (const queueId of [0, 1, 2, 3]) {
    await producer.send({ topic, queueIds: [queueId], messages: numbered('message', 12) })
  }
  const stuck = await dying.settled(12)
  await victim[Symbol.asyncDispose]()
  const all = async () => [...stuck, ...(await survivor.received())]
  const handled = async () => new Set((await all()).map(placeOf)).size
  await until('everything', async () => (await handled()) === 48, TAKEOVER_MS)
  return { divided, stuck: bodies(stuck).sort(), isInOrder: isInOrder(await all()) }
}

function placeOf({ queueId, queueOffset }: ReceivedMessage): string {
  return `${queueId} ${queueOffset}`
}

/** Bodies by queue as they were delivered, and whether two were in progress at once. */
function byQueue(received: readonly ReceivedMessage[]) {
  const calls = received.toSorted((left, right) => left.startMs - right.startMs)
  const queues = [...new Set(received.map(({ queueId }) => queueId))].sort((a, b) => a - b)
  return queues.map((queueId) => {
    const ofQueue = calls.filter((call) => call.queueId === queueId)
    const overlaps = ofQueue.filter(({ startMs }, at) => startMs < (ofQueue[at - 1]?.endMs ?? 0))
    return { queueId, bodies: bodies(ofQueue), overlapCount: overlaps.length }
  })
}

/** Whether nothing came before what lies in front of it in its queue. */
function isInOrder(received: readonly ReceivedMessage[]): boolean {
  const next = new Map<number, number>()
  return received
    .toSorted((left, right) => left.startMs - right.startMs)
    .every(({ queueId, queueOffset }) => {
      const wanted = next.get(queueId) ?? 0
      next.set(queueId, Math.max(wanted, queueOffset + 1))
      return queueOffset <= wanted
    })
}
