import type { TestConsumer, TestProducer } from '../client-program.ts'
import { contents } from '../contents.ts'
import type { Connection, RunningInfo } from '../requests.ts'
import { numbered, type Stage, sortedBodies, until } from '../stage.ts'

const MODES = ['concurrently', 'orderly'] as const

/** Consumers that are connected are sent back, and get everything once more. */
export async function resetOffset(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 6) })
  const facts: Record<string, string[]> = {}
  for (const mode of MODES) {
    const group = `${stage.group}-${mode}`
    const consumer = await stage.consumer({ group, mode })
    await consumer.settled(6)
    await stage.awaitCommitted(6, group)
    await stage.administer({ action: 'resetOffset', topic, group, atMs: 0 })
    facts[mode] = sortedBodies(await consumer.settled(12))
  }
  return facts
}

/** A group goes on where another one has come to. */
export async function cloneOffsets(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('before', 5) })
  const consumer = await stage.consumer()
  await consumer.settled(5)
  await stage.awaitCommitted(5)
  await consumer.stop()
  const clone = await stage.createGroup(`${stage.group}-clone`)
  await stage.administer({ action: 'cloneOffsets', group: stage.group, toGroup: clone, topic })
  const follower = await stage.consumer({ group: clone })
  await producer.send({ topic, messages: numbered('after', 2) })
  return sortedBodies(await follower.settled(2))
}

/** What administrators see of a consumer. */
export async function runningInfo(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 4) })
  const facts: Record<string, unknown> = {}
  for (const mode of MODES) {
    const group = await stage.createGroup(`${stage.group}-${mode}`)
    const consumer = await stage.consumer({ group, mode, pullCountMax: 16 })
    await consumer.settled(4)
    await stage.awaitCommitted(4, group)
    const { clientId } = consumer
    const request = { action: 'connection', group }
    const connection = (await stage.administer(request)) as Connection
    const isListed = connection.clientIds.includes(clientId)
    const about = { action: 'runningInfo', group, topic, clientId }
    const running = (await stage.administer(about)) as RunningInfo
    // RocketMQ's client calls every queue locked; it means something only in order.
    const queues = running.queues.map((queue) => ({
      ...queue,
      locked: mode === 'concurrently' || queue.locked,
    }))
    facts[mode] = {
      running: { ...running, queues },
      connection: { ...connection, clientIds: isListed },
    }
  }
  return facts
}

/** A message is handed to one consumer, which says what became of it. */
export async function consumeDirectly(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const [sent] = await producer.send({ topic, messages: numbered('message', 1) })
  const answers = ['success', 'later', 'throw'] as const
  const facts: Record<string, unknown> = {}
  for (const mode of MODES) {
    for (const answer of answers) {
      const group = await stage.createGroup(`${stage.group}-${mode}-${answer}`)
      // What is subscribed to does not matter.
      const options = { group, mode, rules: [{ answer }], expression: 'nothing' }
      const consumer = await stage.consumer(options)
      facts[`${mode} ${answer}`] = await handOut(stage, consumer, group, sent?.offsetMsgId)
      await consumer.stop()
    }
  }
  return facts
}

async function handOut(
  stage: Stage,
  consumer: TestConsumer,
  group: string,
  messageId: string | undefined,
): Promise<unknown> {
  const { topic } = stage
  const request = {
    action: 'consumeDirectly',
    group,
    topic,
    clientId: consumer.clientId,
    messageId,
  }
  const result = await stage.administer(request)
  const received = await consumer.settled(1, 0)
  return { result, received: received.map(({ body, reconsumeTimes }) => [body, reconsumeTimes]) }
}

/** Messages are found by their keys, by the id that the client gave, and by their place. */
export async function queries(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const messages = [
    { body: 'one', tags: 'tag', keys: ['first', 'both'] },
    { body: 'two', keys: ['second', 'both'] },
  ]
  const [one, two] = await producer.send({ topic, messages })
  await until('the index', async () => (await producer.find({ topic, key: 'both' })).length === 2)
  const facts: Record<string, unknown> = {}
  for (const key of ['both', 'first', 'second', 'none']) {
    facts[key] = (await producer.find({ topic, key })).map(contents)
  }
  for (const messageId of [one?.msgId ?? '', two?.offsetMsgId ?? '']) {
    const name = messageId === one?.msgId ? 'unique' : 'place'
    facts[name] = (await producer.find({ topic, messageId })).map(contents)
  }
  return facts
}

/** What a topic says of its messages' kind, and what a broker takes for it. */
export async function messageTypes(stage: Stage): Promise<unknown> {
  const producer = await stage.producer()
  const answers: Record<string, unknown> = {}
  for (const type of ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'WRONG']) {
    const topic = `${stage.topic}-${type}`
    const attributes = `+message.type=${type}`
    const request = { action: 'createTopic', topic, queueCount: 1, attributes }
    const { failure } = await stage.tryAdminister(request)
    if (failure === undefined) await stage.awaitRoute(topic)
    answers[type] = { code: failure?.code, sent: await trySend(producer, topic) }
  }
  return answers
}

async function trySend(
  producer: TestProducer,
  topic: string,
): Promise<readonly (readonly string[] | 'refused')[]> {
  const plain = await producer.trySend({ topic, messages: [{ body: 'plain' }] })
  const delayed = await producer.trySend({ topic, messages: [{ body: 'late', delayLevel: 1 }] })
  return [plain, delayed].map(({ sent }) => sent?.map(({ status }) => status) ?? 'refused')
}

/** A topic that is not there is made by the first message, after the template. */
export async function autoCreate(stage: Stage): Promise<unknown> {
  const producer = await stage.producer()
  const { topic } = stage
  await producer.send({ topic, messages: numbered('message', 2) })
  const consumer = await stage.consumer()
  const received = sortedBodies(await consumer.settled(2))
  return { received, queues: await stage.administer({ action: 'queues', topic }) }
}

/** What no broker ever sees. */
export async function refusedSends(stage: Stage): Promise<unknown> {
  const producer = await stage.producer()
  const topic = await stage.createTopic(1)
  const tries = [
    { topic, messages: [{ body: '' }] },
    { topic: 'a topic with spaces', messages: numbered('message', 1) },
    { topic: 'T'.repeat(128), messages: numbered('message', 1) },
    { topic: 'SCHEDULE_TOPIC_XXXX', messages: numbered('message', 1) },
    { topic, mode: 'batch', messages: [{ body: 'delayed', delayLevel: 1 }] },
  ] as const
  const outcomes = []
  for (const request of tries) {
    const { failure } = await producer.trySend(request)
    outcomes.push({ isRefused: failure !== undefined })
  }
  return outcomes
}
