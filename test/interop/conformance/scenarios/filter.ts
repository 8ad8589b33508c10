import type { OutgoingMessage } from '../../java-toolbox.ts'
import type { Subscription } from '../requests.ts'
import { type Stage, sortedBodies, until } from '../stage.ts'

const WAKE_UP = 'wake up'

/** Only those with a wanted tag come; the others count as consumed. */
export async function tagFilter(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(2)
  const producer = await stage.producer()
  // The hash codes of AaAa and BBBB are equal: the broker cannot tell these two apart.
  const messages = ['red', 'green', 'AaAa', 'BBBB'].flatMap((tags) =>
    [1, 2, 3].map((at) => ({ body: `${tags} ${at}`, tags })),
  )
  await producer.send({ topic, messages: [...messages, { body: 'without' }] })
  const subscription = { expression: 'red || AaAa' }
  const consumer = await stage.consumer(subscription)
  const received = sortedBodies(await consumer.settled(6))
  await consumer.stop()
  const again = await stage.consumer(subscription)
  return { received, again: sortedBodies(await again.settled(0)) }
}

/** How each set of properties is told apart by its body. */
const PROPERTIES: readonly OutgoingMessage[] = [
  { body: 'none' },
  { body: 'five', properties: { amount: '5' } },
  { body: 'point', properties: { amount: '5.0' } },
  { body: 'text', properties: { amount: 'many' } },
  { body: 'large', properties: { amount: '3000000000' } },
  { body: 'north', tags: 'red', properties: { amount: '7', region: 'north' } },
  { body: 'south', tags: 'blue', properties: { amount: '9', region: "it's south", paid: 'true' } },
]

/** Conditions, and how many messages meet each. */
const CONDITIONS: readonly (readonly [string, number])[] = [
  ['amount > 4', 3],
  ['amount > 4.5', 5],
  ['amount < 3000000001', 4],
  ['amount BETWEEN 5 AND 7', 2],
  ['amount IS NULL OR region IS NOT NULL', 3],
  ["NOT (region = 'north')", 1],
  ["region ENDSWITH 'south' OR amount = 'many'", 2],
  ["region CONTAINS 'th' AND region STARTSWITH 'it'", 1],
  ["region = 'it''s south'", 1],
  ["TAGS IN ('red', 'green')", 1],
  ['paid = TRUE', 1],
]

/** The broker evaluates conditions on properties, for what is there and for what comes. */
export async function sqlFilter(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  await producer.send({ topic, messages: PROPERTIES })
  const facts: Record<string, readonly string[]> = {}
  for (const [index, [sql, count]] of CONDITIONS.entries()) {
    const consumer = await stage.consumer({ sql, group: `${stage.group}-${index}` })
    facts[sql] = sortedBodies(await consumer.settled(count, 300))
    await consumer.stop()
  }
  const waiting = await stage.consumer({ sql: 'amount = 42', group: `${stage.group}-waiting` })
  await waiting.settled(0)
  const late = ['41', '42', '43'].map((amount) => ({ body: amount, properties: { amount } }))
  await producer.send({ topic, messages: late })
  return { facts, late: sortedBodies(await waiting.settled(1)) }
}

/** A wrong condition is refused at the start, not at the first message. */
export async function wrongFilter(stage: Stage): Promise<unknown> {
  await stage.createTopic(1)
  const wrong = ['a >> 1', "a = 'open", 'a BETWEEN 5']
  const refused = []
  for (const sql of wrong) refused.push(await stage.isRefused({ sql, group: `${stage.group}-no` }))
  return refused
}

/** A changed subscription counts from then on, and a topic can be given up. */
export async function changedSubscription(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer()
  const send = (name: string) =>
    producer.send({
      topic,
      messages: ['b', 'a'].map((tags) => ({ body: `${name} ${tags}`, tags })),
    })
  await send('first')
  const consumer = await stage.consumer({ expression: 'a' })
  const change = async (subscription: Partial<Subscription>) => {
    await consumer.subscribe({ topic, ...subscription })
    // What a waiting pull brings RocketMQ's client still holds against the old subscription, and
    // loses what only the new one wants: let it bring something else first.
    await producer.send({ topic, messages: [{ body: WAKE_UP, tags: 'a' }] })
    await consumer.settled(0)
  }
  const wanted = async (count: number): Promise<string[]> => {
    const found = async () => sortedBodies(await consumer.received()).filter(isNoWakeUp)
    await until(`${count} messages`, async () => (await found()).length >= count)
    await consumer.settled(0)
    return found()
  }
  const first = await wanted(1)
  await change({ expression: 'a || b' })
  await send('second')
  const second = await wanted(3)
  await change({ sql: "TAGS = 'b'" })
  await send('third')
  const third = await wanted(4)
  await consumer.unsubscribe(topic)
  await until('the end', async () => (await consumer.assigned(topic)).length === 0)
  await send('fourth')
  return { first, second, third, fourth: await wanted(4) }
}

function isNoWakeUp(body: string): boolean {
  return body !== WAKE_UP
}
