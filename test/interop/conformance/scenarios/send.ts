import { contents } from '../contents.ts'
import type { Send } from '../requests.ts'
import { numbered, type Stage, sortedBodies } from '../stage.ts'

const COUNT = 6

/** What is answered, what is stored, and what an ordinary consumer makes of it. */
export async function send(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const messages = [
    { body: 'plain – ünïcode', tags: 'tag', keys: ['one', 'two'], properties: { a: 'b' }, flag: 7 },
    { body: 'nothing else' },
    { body: 'long '.repeat(1_000) },
  ]
  const sent = await producer.send({ topic, messages })
  const stored = await stage.stored(messages.length)
  const consumer = await stage.consumer()
  const received = await consumer.settled(messages.length)
  return {
    sent: sent.map(({ brokerName, queueId, queueOffset, status }) => ({
      brokerName,
      queueId,
      queueOffset,
      status,
    })),
    isFoundById: stored.map(({ msgId, offsetMsgId }, at) => [
      msgId === sent[at]?.msgId,
      offsetMsgId === sent[at]?.offsetMsgId,
    ]),
    stored: stored.map(contents),
    received: received
      .toSorted((left, right) => left.queueOffset - right.queueOffset)
      .map(contents),
  }
}

export async function sendAsync(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  const sent = await producer.send({ topic, mode: 'async', messages: numbered('async', 40) })
  const stored = await stage.stored(40)
  const ids = new Set(stored.map(({ offsetMsgId }) => offsetMsgId))
  return {
    statuses: sent.map(({ status }) => status),
    queues: [...new Set(sent.map(({ queueId }) => queueId))].sort((a, b) => a - b),
    areAllFound: sent.every(({ offsetMsgId }) => ids.has(offsetMsgId)),
    bodies: sortedBodies(stored),
  }
}

/** What nobody waits for may overtake one another in the broker. */
export async function sendOneWay(stage: Stage): Promise<unknown> {
  const stored = await sendNumbered(stage, { mode: 'oneway' })
  const inOrder = stored.toSorted((left, right) => left.body.localeCompare(right.body))
  return inOrder
}

/** All lie together in one queue. */
export async function sendBatch(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  const messages = numbered('batch', COUNT).map((message, at) => ({
    ...message,
    tags: `tag-${at}`,
    keys: [`key-${at}`],
    properties: { at: String(at) },
  }))
  const [sent] = await producer.send({ topic, mode: 'batch', messages })
  const stored = await stage.stored(COUNT)
  return {
    status: sent?.status,
    ids: stored.map(({ msgId }) => msgId).join(',') === sent?.msgId,
    places: stored.map(({ offsetMsgId }) => offsetMsgId).join(',') === sent?.offsetMsgId,
    isOneQueue: stored.every(({ queueId }) => queueId === sent?.queueId),
    stored: stored.map((message) => ({ ...contents(message), queueId: 0 })),
  }
}

/** The same key leads to the same queue, whichever client sends. */
export async function sendByKey(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(4)
  const producer = await stage.producer()
  for (const shardingKey of ['order-1', 'order-2', 'ünïcode', '']) {
    await producer.send({ topic, shardingKey, messages: numbered(`of ${shardingKey}`, 3) })
  }
  return (await stage.stored(12)).map(({ body, queueId, queueOffset }) => [
    body,
    queueId,
    queueOffset,
  ])
}

export async function sendToQueue(stage: Stage): Promise<unknown> {
  return sendNumbered(stage, { queueIds: [2, 0, 3] })
}

async function sendNumbered(stage: Stage, how: Partial<Send>) {
  const topic = await stage.createTopic(how.mode === 'oneway' ? 1 : 4)
  const producer = await stage.producer()
  await producer.send({ topic, messages: numbered('message', COUNT), ...how })
  return (await stage.stored(COUNT)).map(contents)
}
