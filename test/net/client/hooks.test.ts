/**
 * Goal: hooks see what is sent and consumed, and none of them can break it.
 * Method: a broker in this process, hooks that take notes, and hooks that fail in every way.
 */
import { expect, test } from 'vitest'
import type { ConsumeHook, SendHook } from '../../../net/client/hooks.ts'
import { Producer } from '../../../net/client/producer.ts'
import { PushConsumer } from '../../../net/client/push-consumer.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

const failing = {
  name: 'failing',
  before: () => {
    throw new Error('before')
  },
  // A hook may be async by mistake.
  after: async () => {
    throw new Error('after')
  },
} as const

function commonOf(running: RunningStandalone, group: string) {
  return { nameServers: [running.server.nameServerAddress], group }
}

test('send hooks get each attempt and its outcome, behind one that fails', async () => {
  await using running = await RunningStandalone.start()
  const notes: unknown[] = []
  const noting: SendHook = {
    name: 'noting',
    before: ({ bodyBytes, isOneway, kind, messages, topic }) => {
      notes.push([topic, kind, isOneway, messages.length, bodyBytes])
    },
    after: ({ queue }, { error, sent }) => {
      notes.push([queue.topic, error, sent?.status, sent?.messageId, sent?.isTraceOn])
    },
  }
  const warnings: string[] = []
  const logger = {
    info: () => undefined,
    warn: (message: string) => warnings.push(message),
    error: () => undefined,
  }
  await using producer = await Producer.start({
    ...commonOf(running, 'p'),
    sendHooks: [failing, noting],
    logger,
  })
  const { messageId } = await producer.send({ topic: 'T', body: 'abc', delayLevel: 1 })
  const [batch] = await producer.sendBatch([
    { topic: 'T', body: 'a' },
    { topic: 'T', body: 'b' },
  ])
  await producer.sendOneway({ topic: 'T', body: 'd' })
  expect(notes).toEqual([
    ['T', 'delay', false, 1, 3],
    ['T', undefined, 'SEND_OK', messageId, true],
    ['T', 'normal', false, 2, expect.any(Number)],
    ['T', undefined, 'SEND_OK', batch!.messageIds.join(','), true],
    ['T', 'normal', true, 1, 1],
    ['T', undefined, undefined, undefined, undefined],
  ])
  expect(warnings.filter((line) => line.includes('the hook failing failed'))).toHaveLength(1)
})

test('a check forbids a send, and the send hooks do not see it', async () => {
  await using running = await RunningStandalone.start()
  const seen: string[] = []
  await using producer = await Producer.start({
    ...commonOf(running, 'p'),
    retryCountMax: 1,
    sendHooks: [{ name: 'seeing', before: ({ topic }) => void seen.push(topic) }],
    forbiddenHooks: [
      {
        name: 'guard',
        check: ({ topic }) => {
          if (topic === 'Secret') throw new Error('not for you')
        },
      },
    ],
  })
  await expect(producer.send({ topic: 'Secret', body: 'x' })).rejects.toMatchObject({
    code: 'CLIENT_SEND_FORBIDDEN',
    message: expect.stringContaining('guard forbids') as string,
  })
  await producer.send({ topic: 'Open', body: 'x' })
  expect(seen).toEqual(['Open'])
})

test('consume hooks surround the listener; filter hooks keep messages from it', async () => {
  await using running = await RunningStandalone.start()
  await using producer = await Producer.start(commonOf(running, 'p'))
  for (const body of ['good', 'unwanted', 'bad']) {
    await producer.send({ topic: 'T', body }, { selector: ([queue]) => queue! })
  }
  const notes: string[] = []
  const noting: ConsumeHook = {
    name: 'noting',
    before: ({ messages }) => void notes.push(`before ${messages[0]!.body.toString()}`),
    after: ({ messages }, { isSuccess, returned }) =>
      void notes.push(`after ${messages[0]!.body.toString()} ${isSuccess} ${returned}`),
  }
  await using consumer = await PushConsumer.start({
    ...commonOf(running, 'g'),
    subscriptions: { T: '*' },
    consumeFrom: 'first',
    consumeMode: 'orderly',
    consumeHooks: [failing, noting],
    filterHooks: [
      {
        name: 'failing filter',
        wants: () => {
          throw new Error('wants')
        },
      },
      { name: 'filter', wants: ({ body }) => body.toString() !== 'unwanted' },
    ],
    onMessage: async ([message], context) => {
      notes.push(`call ${message!.body.toString()}`)
      context.suspendMs = 30_000
      if (message!.body.toString() === 'bad') throw new Error('bad')
      return 'success'
    },
  })
  await expect.poll(() => notes.length).toBe(6)
  expect(consumer.status).toBe('open')
  expect(notes).toEqual([
    'before good',
    'call good',
    'after good true success',
    'before bad',
    'call bad',
    'after bad false exception',
  ])
})
