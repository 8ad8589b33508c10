import type { ListenerRule } from '../../java-toolbox.ts'
import { contents } from '../contents.ts'
import type { PushStart } from '../requests.ts'
import { numbered, type Stage } from '../stage.ts'

const GROUP_CHARACTERS_MAX = 120

/** Each attempt comes later than the one before, by the level of the attempt. */
export async function retryByAttempt(stage: Stage): Promise<unknown> {
  const rules: ListenerRule[] = [
    { body: 'later', times: 3, answer: 'later' },
    { body: 'throws', times: 1, answer: 'throw' },
  ]
  return retried(stage, { rules }, ['good', 'later', 'throws'], 7)
}

/** The listener says how long it is to take. */
export async function retryByLevel(stage: Stage): Promise<unknown> {
  const rules: ListenerRule[] = [
    { body: 'level', times: 2, answer: 'later', delayLevel: 1 },
    { body: 'never', times: 1, answer: 'later', delayLevel: -1 },
  ]
  const facts = await retried(stage, { rules }, ['level', 'never'], 4)
  return { facts, dead: await deadLetters(stage, stage.group, 1) }
}

/** Given up after so many attempts. */
export async function deadLetter(stage: Stage): Promise<unknown> {
  const options: Partial<PushStart> = { rules: [{ answer: 'later' }], maxReconsumeTimes: 2 }
  const facts = await retried(stage, options, ['one', 'two'], 6)
  return { facts, dead: await deadLetters(stage, stage.group, 2) }
}

/** The longest name that a group can have is followed by its retries and dead letters. */
export async function longGroup(stage: Stage): Promise<unknown> {
  const group = `${stage.group}-`.padEnd(GROUP_CHARACTERS_MAX, 'x')
  const options: Partial<PushStart> = { group, rules: [{ answer: 'later' }], maxReconsumeTimes: 1 }
  const facts = await retried(stage, options, ['one'], 2)
  const dead = await deadLetters(stage, group, 1)
  return JSON.parse(JSON.stringify({ facts, dead }).replaceAll(group, 'LONG'))
}

/** Delivered when they are due, with what the broker writes into them, and never early. */
export async function delayLevels(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const consumer = await stage.consumer()
  // A level beyond the last one is the last one.
  const messages = [2, 1, 18, 30].map((delayLevel) => ({ body: `level ${delayLevel}`, delayLevel }))
  await producer.send({ topic, messages: [...messages, { body: 'at once' }] })
  const received = await consumer.settled(5)
  return received
    .map((message) => ({
      ...contents(message),
      isEarly:
        message.body !== 'at once' &&
        message.startMs - message.bornTimestamp < delayMsOf(message.body),
    }))
    .sort((left, right) => left.body.localeCompare(right.body))
}

function delayMsOf(body: string): number {
  return body === 'level 2' ? 2_000 : 1_000
}

/** What a listener gets that puts messages off. */
async function retried(
  stage: Stage,
  options: Partial<PushStart>,
  names: readonly string[],
  count: number,
): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.createGroup(options.group)
  const producer = await stage.producer()
  const messages = names.map((body) => ({ body, keys: [`key-${body}`], tags: 'tag' }))
  const sent = await producer.send({ topic, messages })
  const consumer = await stage.consumer(options)
  const received = await consumer.settled(count)
  const ids = new Map(sent.map(({ msgId, offsetMsgId }) => [msgId, offsetMsgId]))
  return received
    .map((message) => ({
      ...contents(message),
      isFirstId: ids.has(message.msgId),
      isOrigin: message.properties['ORIGIN_MESSAGE_ID'] === ids.get(message.msgId),
    }))
    .sort((left, right) => placeOf(left).localeCompare(placeOf(right)))
}

function placeOf(message: { readonly body: string; readonly reconsumeTimes: number }): string {
  return `${message.body} ${message.reconsumeTimes}`
}

async function deadLetters(stage: Stage, group: string, count: number): Promise<unknown> {
  const topic = `%DLQ%${group}`
  await stage.awaitTopic(topic)
  const dead = await stage.stored(count, topic)
  return dead.map(contents).sort((left, right) => left.body.localeCompare(right.body))
}

/** Numbered messages come back one by one where several were delivered together. */
export async function retryOfBatch(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.createGroup()
  const producer = await stage.producer()
  await producer.send({ topic, mode: 'batch', messages: numbered('message', 3) })
  const rules: ListenerRule[] = [{ times: 1, answer: 'later' }]
  const consumer = await stage.consumer({ rules, batchSizeMax: 3, concurrency: 1 })
  const received = await consumer.settled(6)
  return received.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`).sort()
}
