/**
 * Goal: dead letters are listed, read and sent again from a terminal, and stay who they were.
 * Method: the commands in their own processes against a standalone in this one, whose dead letters
 * a consumer that gives up has made.
 */
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { Producer, PushConsumer, type ReceivedMessage } from '../../../net/client/index.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

const GROUP = 'readers'
const WAIT = { timeout: 10_000, interval: 20 }

let running: RunningStandalone
let names: string[]
let ids: string[]
/** What the group got at first. */
let first: ReceivedMessage[]

beforeAll(async () => {
  running = await RunningStandalone.start()
  const nameServer = running.server.nameServerAddress
  names = ['-n', nameServer]
  await using producer = await Producer.start({ nameServers: [nameServer], group: 'writers' })
  const bodies = ['one', 'two', 'three']
  ids = []
  for (const body of bodies) {
    const sent = await producer.send({ topic: 'Orders', body, keys: body, tags: 'paid' })
    ids.push(sent.messageId)
  }
  first = await consume(async (context) => {
    context.delayLevel = -1
    return 'later'
  }, 3)
  const { store } = running.server.broker
  const all = 3
  await vi.waitUntil(() => store.maxQueueOffset(`%DLQ%${GROUP}`, 0) === all, WAIT)
})
afterAll(() => running[Symbol.asyncDispose]())

/** What the group gets, until it got so many. */
async function consume(
  answer: (context: { delayLevel: number }) => Promise<'success' | 'later'>,
  count: number,
): Promise<ReceivedMessage[]> {
  const received: ReceivedMessage[] = []
  const consumer = await PushConsumer.start({
    nameServers: [running.server.nameServerAddress],
    group: GROUP,
    consumeFrom: 'first',
    subscriptions: { Orders: '*' },
    onMessage: async (messages, context) => {
      received.push(...messages)
      return answer(context)
    },
  })
  try {
    await vi.waitFor(() => expect(received).toHaveLength(count), WAIT)
  } finally {
    await consumer.close()
  }
  return received
}

function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '')
}

test('list says when, which, how often tried, and where from', async () => {
  const listed = await runAgena(['dlq', 'list', GROUP, ...names])
  expect(listed).toMatchObject({ exitCode: 0, stderr: '' })
  const rows = linesOf(listed.stdout).map((line) => line.split(' '))
  expect(new Set(rows.map(([, id]) => id))).toEqual(new Set(ids))
  for (const [time, id, tries, topic, originId, keys] of rows) {
    const origin = first.find(({ messageId }) => messageId === id)
    expect(time).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/)
    const facts = ['1', 'Orders', origin?.offsetMessageId, origin?.body.toString()]
    expect([tries, topic, originId, keys]).toEqual(facts)
  }
  const json = await runAgena(['dlq', 'list', GROUP, ...names, '--json', '--count', '1'])
  expect(JSON.parse(json.stdout)).toMatchObject({ originTopic: 'Orders', reconsumeTimes: 1 })
})

test('a group that never gave up has none', async () => {
  const listed = await runAgena(['dlq', 'list', 'others', ...names])
  expect(listed).toEqual({ exitCode: 0, stdout: '', stderr: 'others has no dead letters\n' })
})

test('read prints bodies, or everything', async () => {
  const all = await runAgena(['dlq', 'read', GROUP, ...names])
  expect(new Set(linesOf(all.stdout))).toEqual(new Set(['one', 'two', 'three']))
  const words = ['dlq', 'read', GROUP, ...names, '--id', ids[1] ?? '', '--json']
  const message = JSON.parse((await runAgena(words)).stdout)
  expect(message).toMatchObject({ messageId: ids[1], body: 'two', originTopic: 'Orders' })
})

test('resend gives them to the group once more, with the same id and origin', async () => {
  const which = await runAgena(['dlq', 'resend', GROUP, ...names])
  expect(which).toMatchObject({ exitCode: 2, stdout: '' })
  expect(which.stderr).toContain('--id or --all')
  const words = ['dlq', 'resend', GROUP, ...names, '--id', ids[0] ?? '']
  const sent = await runAgena(words)
  expect(sent).toMatchObject({ exitCode: 0, stderr: `sent 1 dead letters of ${GROUP} again\n` })
  const [message] = await consume(async () => 'success', 1)
  const origin = first.find(({ messageId }) => messageId === ids[0])
  expect(message).toMatchObject({
    messageId: ids[0],
    topic: 'Orders',
    tags: 'paid',
    keys: ['one'],
    reconsumeTimes: 0,
  })
  expect(message?.properties.get('ORIGIN_MESSAGE_ID')).toBe(origin?.offsetMessageId)
})

test('resend to the topic is for all its groups; an unknown id is an error', async () => {
  const { store } = running.server.broker
  const ends = () =>
    [0, 1, 2, 3].reduce((sum, queueId) => sum + store.maxQueueOffset('Orders', queueId), 0)
  const before = ends()
  const sent = await runAgena(['dlq', 'resend', GROUP, ...names, '--all', '--to-topic'])
  expect(sent.exitCode).toBe(0)
  expect(linesOf(sent.stdout).map((line) => line.split(' ')[1])).toEqual(Array(3).fill('Orders'))
  expect(ends()).toBe(before + 3)
  const unknown = await runAgena(['dlq', 'resend', GROUP, ...names, '--id', 'nobody'])
  expect(unknown.exitCode).toBe(1)
  expect(unknown.stderr).toContain('no dead letter')
})
