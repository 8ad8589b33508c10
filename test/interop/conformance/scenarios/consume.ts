import { setTimeout as sleep } from 'node:timers/promises'
import { QUIET_MS } from '../client-program.ts'
import type { PushStart, RunningInfo } from '../requests.ts'
import { bodies, numbered, type Stage, sortedBodies, until } from '../stage.ts'

const SECOND_MS = 1_000

/** Many at the same time, each once, and nothing again after the consumer's end. */
export async function pushConcurrently(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 30) })
  const consumer = await stage.consumer({ rules: [{ holdMs: 20 }] })
  const received = await consumer.settled(30)
  await consumer.stop()
  const again = await stage.consumer()
  await producer.send({ topic, messages: numbered('later', 3) })
  const calls = received.toSorted((left, right) => left.startMs - right.startMs)
  return {
    bodies: sortedBodies(received),
    batchSizes: [...new Set(received.map(({ batchSize }) => batchSize))],
    areSideBySide: calls.some(({ startMs }, at) => startMs < (calls[at - 1]?.endMs ?? 0)),
    again: sortedBodies(await again.settled(3)),
  }
}

/** A listener gets several messages at once where they are there. */
export async function batchesOfMessages(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, mode: 'batch', messages: numbered('message', 12) })
  const consumer = await stage.consumer({ batchSizeMax: 5, concurrency: 1 })
  const received = await consumer.settled(12)
  return received.map(({ batchSize, body }) => [body, batchSize])
}

/** What comes while a pull waits is delivered by it. */
export async function wakeUp(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const consumer = await stage.consumer()
  const before = await consumer.settled(0, 2 * QUIET_MS)
  await producer.send({ topic, messages: numbered('woken', 3) })
  return { before, after: sortedBodies(await consumer.settled(3)) }
}

/** Where a new group begins: at the first message, or at the end. */
export async function startFrom(stage: Stage): Promise<unknown> {
  await sendOldAndNew(stage)
  return { first: await startAt(stage, 'first'), last: await startAt(stage, 'last') }
}

/** Or at a time. */
export async function startFromTime(stage: Stage): Promise<unknown> {
  return startAt(stage, await sendOldAndNew(stage))
}

/** Returns a time between the two. */
async function sendOldAndNew(stage: Stage): Promise<number> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('old', 4) })
  // Java's client tells the time to the second.
  const timeMs = Math.ceil(Date.now() / SECOND_MS + 1) * SECOND_MS
  await sleep(timeMs + SECOND_MS / 2 - Date.now())
  await producer.send({ topic, messages: numbered('new', 4) })
  return timeMs
}

/** What a new group gets until it gets what is sent when it is there. */
async function startAt(stage: Stage, from: 'first' | 'last' | number): Promise<unknown> {
  const { topic } = stage
  const producer = await stage.producer()
  const consumer = await stage.consumer({ group: `${stage.group}-${from}`, from })
  await until('a share', async () => (await consumer.assigned(topic)).length === 1)
  await consumer.settled(0)
  await producer.send({ topic, messages: [{ body: `after ${typeof from}` }] })
  return sortedBodies(await consumer.settled(1))
}

/** What a pull that was on its way brings is still consumed; after that nothing is. */
export async function pauseAndResume(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const consumer = await stage.consumer()
  await producer.send({ topic, messages: numbered('before', 3) })
  const before = await consumer.settled(3)
  await consumer.pause()
  await producer.send({ topic, mode: 'batch', messages: numbered('on-the-way', 2) })
  await sleep(QUIET_MS)
  await producer.send({ topic, messages: numbered('held', 3) })
  const paused = await consumer.settled(3)
  await consumer.resume()
  return {
    before: sortedBodies(before),
    held: bodies(paused).filter((body) => body.startsWith('held')),
    after: sortedBodies(await consumer.settled(8)),
  }
}

/** Beyond a count of waiting messages nothing is pulled until some are consumed. */
export async function flowByCount(stage: Stage): Promise<unknown> {
  return flow(stage, { queueCountMax: 10 })
}

/** Nothing is pulled either while those that wait lie too far apart. */
export async function flowBySpan(stage: Stage): Promise<unknown> {
  return flow(stage, { queueSpanMax: 10 })
}

async function flow(stage: Stage, limits: Partial<PushStart>): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const group = await stage.createGroup()
  const producer = await stage.producer()
  await producer.send({ topic, mode: 'batch', messages: numbered('message', 60) })
  const rules = [{ body: 'message-0', times: 1, holdMs: 4_000 }]
  const consumer = await stage.consumer({ ...limits, pullCountMax: 4, concurrency: 1, rules })
  const request = { action: 'runningInfo', group, topic, clientId: consumer.clientId }
  const cached = await until('a full queue', async () => {
    const info = (await stage.tryAdminister(request)).result as RunningInfo | undefined
    const count = info?.queues[0]?.cachedCount ?? 0
    return count >= 10 ? count : false
  })
  return { isBounded: cached <= 16, bodies: sortedBodies(await consumer.settled(60)) }
}

/** A listener that takes too long has its message taken away, and what it answers is nothing. */
export async function consumeTimeout(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.createGroup()
  const producer = await stage.producer()
  await producer.send({ topic, messages: [{ body: 'stuck' }, ...numbered('quick', 2)] })
  const rules = [{ body: 'stuck', times: 1, holdMs: 6_000 }]
  const consumer = await stage.consumer({ rules, consumeTimeoutMs: 1_500 })
  const received = await consumer.settled(4, 6 * QUIET_MS)
  return received.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`).sort()
}
