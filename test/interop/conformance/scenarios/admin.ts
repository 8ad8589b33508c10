import { rm } from 'node:fs/promises'
import type { TestConsumer, TestProducer } from '../client-program.ts'
import { numbered, type Stage, sortedBodies, until } from '../stage.ts'

/** Lines of mqadmin that say the same in every run. */
const STEADY_LINE =
  /^(?<name>Topic|Tags|Keys|Queue ID|Queue Offset|Reconsume Times|System Flag): +(?<value>.*)$/gm
const BODY_PATH = /^Message Body Path: +(?<path>\S+)$/m
/** What mqadmin prints of a client, with the same meaning for all of them. */
const CLIENT_FACTS = [
  /PROP_CONSUME_TYPE +: \S+/,
  /PROP_CONSUMEORDERLY +: \S+/,
  /Topic: \S+T .*SubExpression: .*/,
  /locked=\w+/,
] as const

/** Consumers that are connected are sent back, and get everything once more. */
export async function resetOffset(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', 6) })
  const facts: Record<string, string[]> = {}
  for (const mode of ['concurrently', 'orderly'] as const) {
    const group = `${stage.group}-${mode}`
    const consumer = await stage.consumer({ group, mode })
    await consumer.settled(6)
    await stage.awaitCommitted(6, group)
    const words = ['-g', group, '-t', topic, '-s', '0', '-f', 'true']
    await until('a reset', async () =>
      (await stage.admin('resetOffsetByTime', ...words)).includes('interop-a'),
    )
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
  await stage.admin('cloneGroupOffset', '-s', stage.group, '-d', clone, '-t', topic)
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
  for (const mode of ['concurrently', 'orderly'] as const) {
    const group = `${stage.group}-${mode}`
    const consumer = await stage.consumer({ group, mode, expression: '*' })
    await consumer.settled(4)
    await stage.awaitCommitted(4, group)
    const one = await stage.admin('consumerStatus', '-g', group, '-i', consumer.clientId)
    const all = await stage.admin('consumerStatus', '-g', group)
    const connection = await stage.admin('consumerConnection', '-g', group)
    facts[mode] = {
      one: CLIENT_FACTS.map((pattern) => pattern.exec(one)?.[0].replace(/ +/g, ' ')),
      offset: new RegExp(`${topic} +interop-a +0 +(\\d+)`).exec(one)?.[1],
      isListed: [all, connection].map((text) => text.includes(consumer.clientId)),
      isSame: all.includes('Same subscription in the same group of consumer'),
      isShared: all.includes('Rebalance OK'),
      subscription: connection.match(/ConsumeType: \S+|MessageModel: \S+|ConsumeFromWhere: \S+/g),
    }
  }
  return facts
}

/** A message is handed to one consumer, which says what became of it. */
export async function consumeDirectly(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const sent = await producer.send({ topic, messages: numbered('message', 2) })
  const facts: Record<string, unknown> = {}
  for (const mode of ['concurrently', 'orderly'] as const) {
    const group = `${stage.group}-${mode}`
    const consumer = await stage.consumer({ group, mode })
    await consumer.settled(2)
    facts[mode] = await handOut(stage, consumer, { group, id: sent[0]?.offsetMsgId ?? '' })
  }
  const rules = [{ answer: 'later', delayLevel: 1 }] as const
  const group = `${stage.group}-later`
  const putting = await stage.consumer({ group, rules, expression: 'nothing' })
  facts['later'] = await handOut(stage, putting, { group, id: sent[1]?.offsetMsgId ?? '' })
  const throwing = `${stage.group}-throwing`
  const options = { group: throwing, rules: [{ answer: 'throw' }], expression: 'nothing' } as const
  const consumer = await stage.consumer(options)
  facts['throw'] = await handOut(stage, consumer, {
    group: throwing,
    id: sent[1]?.offsetMsgId ?? '',
  })
  return facts
}

async function handOut(
  stage: Stage,
  consumer: TestConsumer,
  to: { readonly group: string; readonly id: string },
): Promise<unknown> {
  const before = (await consumer.received()).length
  const place = ['-t', stage.topic, '-i', to.id, '-g', to.group, '-d', consumer.clientId]
  const text = await stage.admin('queryMsgById', ...place)
  const received = (await consumer.settled(before + 1, 0)).slice(before)
  return {
    result: /consumeResult=\w+/.exec(text)?.[0],
    order: /order=\w+/.exec(text)?.[0],
    received: received.map(({ body, reconsumeTimes, topic }) => ({ body, reconsumeTimes, topic })),
  }
}

/** Messages are found by their keys, by the id that the client gave, and by their place. */
export async function queries(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const messages = [
    { body: 'one', tags: 'tag', keys: ['first', 'both'] },
    { body: 'two', keys: ['second', 'both'] },
  ]
  const sent = await producer.send({ topic, messages })
  const [one, two] = sent
  const counts: Record<string, number> = {}
  for (const key of ['both', 'first', 'second', 'none']) {
    const wanted = { both: 2, first: 1, second: 1 }[key] ?? 0
    counts[key] = await until('the index', async () => {
      const text = await stage.admin('queryMsgByKey', '-t', topic, '-k', key)
      const found = sent.filter(({ msgId }) => text.includes(msgId)).length
      return found >= wanted && found
    })
  }
  const unique = await stage.admin('queryMsgByUniqueKey', '-t', topic, '-i', one?.msgId ?? '')
  const byId = await stage.admin('queryMsgById', '-t', topic, '-i', two?.offsetMsgId ?? '')
  const path = BODY_PATH.exec(byId)?.groups?.['path']
  if (path !== undefined) await rm(path)
  return { counts, unique: steadyLines(unique), byId: steadyLines(byId) }
}

/** What a topic says of its messages' kind, and what a broker takes for it. */
export async function messageTypes(stage: Stage): Promise<unknown> {
  const producer = await stage.producer()
  const answers: Record<string, unknown> = {}
  for (const type of ['NORMAL', 'FIFO', 'DELAY', 'TRANSACTION', 'WRONG']) {
    const topic = `${stage.topic}-${type}`
    const words = ['-b', stage.pair.cluster.broker, '-t', topic, '-r', '1', '-w', '1']
    const made = await stage.admin('updateTopic', ...words, '-a', `+message.type=${type}`)
    answers[type] = { isMade: made.includes('success'), sent: await trySend(producer, topic) }
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
  await producer.send({ topic: stage.topic, messages: numbered('message', 2) })
  const consumer = await stage.consumer()
  const received = sortedBodies(await consumer.settled(2))
  const route = await stage.admin('topicRoute', '-t', stage.topic)
  const queues = route.match(/"perm":\d+|"(read|write)QueueNums":\d+/g)
  return { received, queues }
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

function steadyLines(text: string): readonly string[] {
  return [...text.matchAll(STEADY_LINE)].map(
    ({ groups }) => `${groups?.['name']}: ${groups?.['value']}`,
  )
}
