import { expect, test } from 'vitest'
import {
  LitePullConsumer,
  type Message,
  Producer,
  PushConsumer,
  type ReceivedMessage,
} from '../../net/client/index.ts'
import type { OutgoingMessage } from './java-toolbox.ts'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'
import { waitFor } from './wait-for.ts'

/** Longer than the 4 KiB above which bodies are compressed. */
const LONG_BODY = 'compressible '.repeat(1_000)

for (const side of sides) {
  describeSide(side, 'our client', () => {
    const suite = new Suite(side)
    testProducer(suite)
    testPushConsumer(suite)
    testLitePull(suite)
    testMixedGroup(suite)
  })
}

function testProducer(suite: Suite): void {
  test('sends one by one, one-way, as a batch and compressed to a Java consumer', async () => {
    const single = numbered('single', 12)
    const oneway = numbered('oneway', 6)
    const batch = numbered('batch', 9)
    const long = [{ ...numbered('long', 1)[0], body: LONG_BODY }]
    {
      await using producer = await startProducer(suite)
      for (const message of [...single, ...long]) {
        expect((await producer.send(toMessage('FromOurs', message))).status).toBe('SEND_OK')
      }
      for (const message of oneway) await producer.sendOneway(toMessage('FromOurs', message))
      const [stored] = await producer.sendBatch(
        batch.map((message) => toMessage('FromOurs', message)),
      )
      expect(stored?.status).toBe('SEND_OK')
      expect(new Set(stored?.messageIds).size).toBe(batch.length)
    }
    const wanted = [...single, ...oneway, ...batch, ...long]
    const received = await suite.consume({ topic: 'FromOurs', group: 'G-java' }, wanted.length)
    expect(contents(received)).toEqual(contents(wanted))
    expect(received.every((message) => message.properties['origin'] === 'interop')).toBe(true)
  })

  test('keeps messages of a sharding key in order and in one queue', async () => {
    const messages = numbered('sharded', 20)
    await using producer = await startProducer(suite)
    for (const message of messages) {
      await producer.send(toMessage('Sharded', message), { shardingKey: 'one' })
    }
    const received = await suite.consume({ topic: 'Sharded', group: 'G-sharded' }, 20)
    expect(new Set(received.map((message) => message.queueId)).size).toBe(1)
    const inOrder = received.toSorted((left, right) => left.queueOffset - right.queueOffset)
    expect(inOrder.map(({ body }) => body)).toEqual(messages.map(({ body }) => body))
  })
}

function testPushConsumer(suite: Suite): void {
  test('pushes what a Java producer sent, by tag, and goes on where it stopped', async () => {
    const first = numbered('first', 15)
    await suite.produce('ToOurs', first)
    const wanted = first.filter(({ tags }) => tags !== 'tag-1')
    const received = await consumeByPush(suite, 'ToOurs', 'tag-0 || tag-2', wanted.length)
    expect(textsOf(received)).toEqual(contents(wanted))
    const second = numbered('second', 6)
    await suite.produce('ToOurs', second)
    const rest = second.filter(({ tags }) => tags !== 'tag-1')
    const resumed = await consumeByPush(suite, 'ToOurs', 'tag-0 || tag-2', rest.length)
    expect(textsOf(resumed)).toEqual(contents(rest))
  })

  test('gets a message again that its listener put off', async () => {
    await suite.produce('Again', numbered('again', 3))
    const received: ReceivedMessage[] = []
    await using consumer = await PushConsumer.start({
      ...connection(suite),
      group: 'G-again',
      consumeFrom: 'first',
      subscriptions: { Again: '*' },
      onMessage: async (messages) => {
        received.push(...messages)
        const isSecond = messages[0]?.body.toString().startsWith('again 1') === true
        return isSecond && messages[0]?.reconsumeTimes === 0 ? 'later' : 'success'
      },
    })
    await waitFor(() => received.length >= 4, CONSUME_TIMEOUT_MS)
    expect(consumer.status).toBe('open')
    expect(received.at(-1)).toMatchObject({ topic: 'Again', reconsumeTimes: 1, tags: 'tag-1' })
  })
}

function testLitePull(suite: Suite): void {
  test('pulls lightly by subscription and by assignment', async () => {
    const messages = numbered('pulled', 20)
    await suite.produce('PulledByOurs', messages)
    {
      const group = 'G-lite'
      const subscriptions = { PulledByOurs: '*' }
      const options = {
        ...connection(suite),
        group,
        subscriptions,
        consumeFrom: 'first',
      } as const
      await using subscriber = await LitePullConsumer.start(options)
      expect(textsOf(await poll(subscriber, 20))).toEqual(contents(messages))
      await subscriber.commit()
    }
    await using assigned = await LitePullConsumer.start({ ...connection(suite), group: 'G-lite' })
    const queues = await assigned.fetchQueues('PulledByOurs')
    const committed = await Promise.all(queues.map((queue) => assigned.committed(queue)))
    expect(committed.reduce<number>((sum, offset) => sum + (offset ?? 0), 0)).toBe(20)
    await assigned.assign(queues)
    for (const queue of queues) await assigned.seek(queue, 'first')
    expect(textsOf(await poll(assigned, 20))).toEqual(contents(messages))
  })
}

function testMixedGroup(suite: Suite): void {
  test('shares the queues of a group with a Java consumer', async () => {
    await suite.createTopic('Shared', 4)
    const received: ReceivedMessage[] = []
    const java = await suite.startConsumer({ topic: 'Shared', group: 'G-shared' })
    await using ours = await PushConsumer.start({
      ...connection(suite),
      group: 'G-shared',
      consumeFrom: 'first',
      subscriptions: { Shared: '*' },
      onMessage: async (messages) => {
        received.push(...messages)
        return 'success'
      },
    })
    await waitFor(() => ours.assigned.filter(isOfShared).length === 2, CONSUME_TIMEOUT_MS)
    const messages = numbered('shared', 40)
    await suite.produce('Shared', messages)
    await waitFor(() => received.length >= 20, CONSUME_TIMEOUT_MS)
    const theirs = await suite.finishConsumer(java, 20)
    expect(theirs.length).toBeGreaterThan(0)
    const all = [...textsOf(received), ...contents(theirs)]
    expect(new Set(all.map(([body]) => body))).toEqual(new Set(messages.map(({ body }) => body)))
  })
}

function connection(suite: Suite) {
  return { nameServers: [suite.cluster.nameServer], clientIp: '127.0.0.1' }
}

function startProducer(suite: Suite): Promise<Producer> {
  return Producer.start({ ...connection(suite), group: 'P-ours' })
}

function toMessage(topic: string, message: Omit<OutgoingMessage, 'delayLevel'>): Message {
  const { body, tags, keys, properties } = message
  return { topic, body, tags, keys, properties }
}

async function consumeByPush(
  suite: Suite,
  topic: string,
  filter: string,
  count: number,
): Promise<readonly ReceivedMessage[]> {
  const received: ReceivedMessage[] = []
  await using consumer = await PushConsumer.start({
    ...connection(suite),
    group: `G-ours-${topic}`,
    consumeFrom: 'first',
    subscriptions: { [topic]: filter },
    onMessage: async (messages) => {
      received.push(...messages)
      return 'success'
    },
  })
  await waitFor(() => received.length >= count, CONSUME_TIMEOUT_MS)
  await consumer.close()
  return received
}

async function poll(consumer: LitePullConsumer, count: number): Promise<ReceivedMessage[]> {
  const received: ReceivedMessage[] = []
  const deadlineMs = performance.now() + CONSUME_TIMEOUT_MS
  while (received.length < count && performance.now() < deadlineMs) {
    received.push(...(await consumer.poll({ timeoutMs: 1_000 })))
  }
  return received
}

function isOfShared(queue: { readonly topic: string }): boolean {
  return queue.topic === 'Shared'
}

/** In the form in which a Java consumer's messages are compared. */
function textsOf(messages: readonly ReceivedMessage[]): ReturnType<typeof contents> {
  return contents(
    messages.map(({ body, tags, keys }) => ({
      body: body.toString(),
      keys,
      ...(tags === undefined ? {} : { tags }),
    })),
  )
}
