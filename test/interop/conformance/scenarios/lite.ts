import { setTimeout as sleep } from 'node:timers/promises'
import { numbered, type Stage, sortedBodies } from '../stage.ts'

/** Queues are shared with the group; what is committed does not come again. */
export async function liteSubscribe(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  const messages = numbered('message', 12).map((message, at) => ({
    ...message,
    tags: `t${at % 2}`,
  }))
  await producer.send({ topic, messages })
  const first = await stage.lite({ topic, expression: 't0' })
  const polled = await first.pollAll(topic, 6)
  await first.stop()
  const second = await stage.lite({ topic, expression: 't0' })
  const uncommitted = await second.pollAll(topic, 6)
  await second.do({ action: 'commit', topic })
  await second.stop()
  const third = await stage.lite({ topic, expression: 't0' })
  await producer.send({ topic, messages: [{ body: 'new', tags: 't0' }] })
  return {
    polled: sortedBodies(polled),
    uncommitted: sortedBodies(uncommitted),
    committed: sortedBodies(await third.pollAll(topic, 1)),
  }
}

/** By itself, what was polled counts as consumed when the consumer ends well. */
export async function liteAutoCommit(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 5) })
  const first = await stage.lite({ topic, autoCommit: true })
  const polled = await first.pollAll(topic, 5)
  // RocketMQ's client commits at a poll, every five seconds.
  await sleep(5_500)
  await first.do({ action: 'poll', topic, timeoutMs: 100 })
  await first.stop()
  const second = await stage.lite({ topic })
  await producer.send({ topic, messages: [{ body: 'new' }] })
  return { polled: sortedBodies(polled), again: sortedBodies(await second.pollAll(topic, 1)) }
}

/** Chosen queues, from chosen places. */
export async function liteAssign(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  for (const queueId of [0, 1]) {
    await producer.send({ topic, queueIds: [queueId], messages: numbered(`of ${queueId}`, 5) })
  }
  await sleep(50)
  const atMs = Date.now()
  await sleep(50)
  await producer.send({ topic, queueIds: [1], messages: numbered('late', 2) })
  const lite = await stage.lite()
  await lite.do({ action: 'assign', topic, queueIds: [1] })
  const queue = { topic, queueIds: [1] }
  const places = { offset: { to: 3 }, first: { to: 'first' }, last: { to: 'last' }, time: { atMs } }
  const facts: Record<string, unknown> = {}
  for (const [name, place] of Object.entries(places)) {
    await lite.do({ action: 'seek', ...queue, ...(place as { readonly to: number }) })
    facts[name] = sortedBodies(await lite.pollAll(topic, 0))
  }
  await lite.do({ action: 'seek', ...queue, to: 2 })
  const polled = await lite.pollAll(topic, 5)
  await lite.do({ action: 'commit', topic })
  return {
    ...facts,
    polled: sortedBodies(polled),
    committed: await lite.do({ action: 'committed', ...queue }),
    isBeyondRefused: (await lite.try({ action: 'seek', ...queue, to: 100 })).failure !== undefined,
  }
}

/** Paused queues bring nothing, the others do. */
export async function litePause(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  const lite = await stage.lite()
  await lite.do({ action: 'assign', topic })
  await lite.do({ action: 'poll', topic, timeoutMs: 500 })
  await lite.do({ action: 'pause', topic, queueIds: [0] })
  // A pull that was on its way may bring what comes at first.
  await producer.send({ topic, queueIds: [0], messages: [{ body: 'on-the-way' }] })
  const early = await lite.pollAll(topic, 0)
  for (const queueId of [0, 1]) {
    await producer.send({ topic, queueIds: [queueId], messages: numbered(`of ${queueId}`, 3) })
  }
  const paused = await lite.pollAll(topic, 3)
  await lite.do({ action: 'resume', topic, queueIds: [0] })
  const resumed = await lite.pollAll(topic, 3)
  return {
    paused: sortedBodies(paused).filter((body) => body !== 'on-the-way'),
    all: sortedBodies([...early, ...paused, ...resumed]),
  }
}

/** What a broker answers to pulls inside and outside of what a queue holds. */
export async function pullCodes(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const empty = await stage.createTopic(1, `${stage.topic}-empty`)
  const producer = await stage.producer()
  const messages = numbered('message', 6).map((message) => ({ ...message, tags: 'tag' }))
  await producer.send({ topic, messages })
  const places = [
    { offset: 0, expression: '*' },
    { offset: 4, expression: 'tag' },
    { offset: 0, expression: 'other' },
    { offset: 6, expression: '*' },
    { offset: 7, expression: '*' },
    { offset: 1_000, expression: '*' },
    { offset: 0, expression: '*', topic: empty },
    { offset: 5, expression: '*', topic: empty },
    { offset: 0, expression: '*', queueId: 3 },
  ]
  const answers = []
  for (const place of places) answers.push({ ...place, ...(await tryPull(stage, place)) })
  return answers
}

async function tryPull(stage: Stage, place: Parameters<Stage['pullOnce']>[0]): Promise<object> {
  try {
    return await stage.pullOnce(place)
  } catch (error) {
    // Its text is the client's own.
    return { isRefused: error instanceof Error }
  }
}
