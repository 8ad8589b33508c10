import { expect, test } from 'vitest'
import type { ReceivedMessage, SentMessage } from './java-toolbox.ts'
import { describeSide } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

const modes = ['sync', 'async', 'oneway', 'batch'] as const

describeSide('agena', 'the Java client', () => {
  const suite = new Suite('agena')

  test.each(modes)('sends %s, and a push consumer gets each message once', async (mode) => {
    const topic = `Send-${mode}`
    const messages = numbered(mode, 20)
    const sent = await suite.produce(topic, messages, mode)
    const received = await suite.consume({ topic, group: `G-${mode}` }, messages.length)
    expect(contents(received)).toEqual(contents(messages))
    expect(received.every((message) => message.properties['origin'] === 'interop')).toBe(true)
    if (mode === 'sync' || mode === 'async') expectSameIds(sent, received)
  })

  test('filters by tags', async () => {
    const messages = numbered('tagged', 30)
    await suite.produce('Tagged', messages)
    const expression = 'tag-0 || tag-2'
    const received = await suite.consume({ topic: 'Tagged', group: 'G-tags', expression }, 20)
    const wanted = messages.filter((message) => message.tags !== 'tag-1')
    expect(contents(received)).toEqual(contents(wanted))
  })

  test.each(['subscribe', 'assign'] as const)('pulls lightly by %s', async (mode) => {
    const topic = `LitePull-${mode}`
    const messages = numbered(mode, 24)
    await suite.produce(topic, messages)
    const { nameServer } = suite.cluster
    const wait = { count: messages.length, timeoutMs: CONSUME_TIMEOUT_MS }
    const request = { nameServer, group: `G-lite-${mode}`, topic, mode, ...wait }
    const received = await suite.toolbox.litePull(request)
    expect(contents(received)).toEqual(contents(messages))
  })

  test('goes on from committed offsets after its own and the broker’s restart', async () => {
    const subscription = { topic: 'Resumed', group: 'G-resumed' }
    await suite.produce('Resumed', numbered('first', 12))
    const first = await suite.consume(subscription, 12)
    expect(contents(first)).toEqual(contents(numbered('first', 12)))
    await suite.produce('Resumed', numbered('second', 5))
    const second = await suite.consume(subscription, 5)
    expect(contents(second)).toEqual(contents(numbered('second', 5)))

    await suite.restart()
    await suite.produce('Resumed', numbered('third', 4))
    const third = await suite.consume(subscription, 4)
    expect(contents(third)).toEqual(contents(numbered('third', 4)))
  })

  test('wakes a consumer that waits on an empty queue', async () => {
    await suite.createTopic('Waiting', 1)
    const consumer = await suite.startConsumer({ topic: 'Waiting', group: 'G-waiting' })
    await suite.toolbox.awaitMessages(consumer, { count: 0, timeoutMs: 0, quietMs: 3_000 })
    await suite.produce('Waiting', numbered('woken', 3))
    const received = await suite.finishConsumer(consumer, 3)
    expect(contents(received)).toEqual(contents(numbered('woken', 3)))
  })
})

function expectSameIds(sent: readonly SentMessage[], received: readonly ReceivedMessage[]): void {
  const ids = (row: SentMessage | ReceivedMessage): string =>
    `${row.msgId} ${row.offsetMsgId} ${row.queueId}:${row.queueOffset}`
  expect(received.map(ids).sort()).toEqual(sent.map(ids).sort())
}
