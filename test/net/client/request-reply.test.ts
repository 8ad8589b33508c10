/**
 * Goal: whoever asks gets the reply to their own question, or an error with a code that says what
 * is missing.
 * Method: a broker in this process, askers and repliers of ours.
 */
import { afterAll, beforeAll, expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import type { ReceivedMessage } from '../../../net/client/message.ts'
import { Producer } from '../../../net/client/producer.ts'
import { PushConsumer } from '../../../net/client/push-consumer.ts'
import { createReply } from '../../../net/client/request-reply.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

let running: RunningStandalone

beforeAll(async () => {
  running = await RunningStandalone.start()
})

afterAll(() => running[Symbol.asyncDispose]())

function commonOf(group: string) {
  return { nameServers: [running.server.nameServerAddress], group }
}

function replier(
  topic: string,
  reply: (request: ReceivedMessage) => Promise<void>,
): Promise<PushConsumer> {
  return PushConsumer.start({
    ...commonOf(`replies-to-${topic}`),
    subscriptions: { [topic]: '*' },
    consumeFrom: 'first',
    onMessage: async ([request]) => {
      await reply(request!)
      return 'success'
    },
  })
}

test('many requests at the same time each get their own reply', async () => {
  await using producer = await Producer.start(commonOf('asker'))
  await using consumer = await replier('Many', async (request) => {
    const reply = createReply(request, `re: ${request.body.toString()}`)
    await producer.send({ ...reply, tags: 'answer', keys: ['k'], properties: { own: 'yes' } })
  })
  expect(consumer.status).toBe('open')
  const big = 'x'.repeat(10_000)
  const bodies = [...Array.from({ length: 20 }, (_, at) => `question ${at}`), big]
  const replies = await Promise.all(
    bodies.map((body) => producer.request({ topic: 'Many', body }, { timeoutMs: 20_000 })),
  )
  expect(replies.map(({ body }) => body.toString())).toEqual(bodies.map((body) => `re: ${body}`))
  expect(replies[0]).toMatchObject({ topic: 'DefaultCluster_REPLY_TOPIC', tags: 'answer' })
  expect(replies[0]!.keys).toEqual(['k'])
  expect(replies[0]!.properties.get('own')).toBe('yes')
  expect(Number(replies[0]!.properties.get('ARRIVE_TIME'))).toBeGreaterThan(0)
})

test('a reply after the time is taken, and nobody hears of it', async () => {
  const asked = deferred<ReceivedMessage>()
  await using consumer = await replier('Late', async (request) => asked.resolve(request))
  await using producer = await Producer.start(commonOf('asker'))
  await producer.send({ topic: 'Late', body: 'makes the topic' })
  await consumer.unsubscribe('Late')
  const request = producer.request({ topic: 'Late', body: 'x' }, { timeoutMs: 200 })
  await expect(request).rejects.toMatchObject({ code: 'CLIENT_REPLY_TIMEOUT' })
  await consumer.subscribe('Late')
  await using late = await replier('LateToo', async () => undefined)
  expect(late.status).toBe('open')
  await asked.promise
})

test('a message that was not asked with has no reply', async () => {
  const got = deferred<ReceivedMessage>()
  await using consumer = await replier('Plain', async (message) => got.resolve(message))
  await using producer = await Producer.start(commonOf('asker'))
  await producer.send({ topic: 'Plain', body: 'x' })
  const message = await got.promise
  expect(() => createReply(message, 'y')).toThrow(
    expect.objectContaining({ code: 'CLIENT_MESSAGE_ILLEGAL' }),
  )
  expect(consumer.status).toBe('open')
})

test('a request that cannot be sent fails as the send does', async () => {
  await using producer = await Producer.start(commonOf('asker'))
  await expect(producer.request({ topic: 'Many', body: '' })).rejects.toMatchObject({
    code: 'CLIENT_MESSAGE_ILLEGAL',
  })
})

test('a reply to a client that is gone is refused', async () => {
  const asked = deferred<ReceivedMessage>()
  await using consumer = await replier('Gone', async (request) => asked.resolve(request))
  const producer = await Producer.start(commonOf('asker'))
  const request = producer.request({ topic: 'Gone', body: 'x' }, { timeoutMs: 20_000 })
  const failure = request.catch((error: unknown) => error)
  const message = await asked.promise
  await producer.destroy(new Error('enough'))
  expect(await failure).toMatchObject({ message: 'enough' })
  await using other = await Producer.start({ ...commonOf('replier'), retryCountMax: 0 })
  await expect(other.send(createReply(message, 'y'))).rejects.toMatchObject({
    code: 'CLIENT_REQUEST_REFUSED',
  })
  expect(consumer.status).toBe('open')
})
