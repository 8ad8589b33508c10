import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { Side } from './cluster.ts'
import type { ReceivedMessage } from './java-toolbox.ts'
import { describeSide, sides, startCluster } from './lane.ts'
import { CONSUME_TIMEOUT_MS, contents, numbered, Suite } from './suite.ts'

/** Short levels, so that many tries fit into a test. */
const LEVELS = { messageDelayLevel: '1s 2s 1s 2s 3s 8s' }
const LATER_LEVEL = 6
const LATER_MS = 8_000

/** What the broker does to a message is told by its properties; these differ by run. */
const VARYING = ['ORIGIN_MESSAGE_ID', 'UNIQ_KEY', 'CONSUME_START_TIME', 'MAX_OFFSET', 'MIN_OFFSET']

describe2('the Java client', (side) => {
  const suite = new Suite(side, LEVELS)

  test('gets a delayed message in its time, with the properties that Java leaves', async () => {
    const subscription = { topic: 'Delayed', group: 'G-delayed' }
    await suite.createTopic('Delayed', 1)
    const consumer = await suite.startConsumer(subscription)
    await suite.produce('Delayed', [{ body: 'later', tags: 'tag', delayLevel: 2 }])
    const [message] = await suite.finishConsumer(consumer, 1)
    const consumedMs = Number(message?.properties['CONSUME_START_TIME'])
    expect(consumedMs - (message?.bornTimestamp ?? 0)).toBeGreaterThanOrEqual(2_000)
    expect(message).toMatchObject({ body: 'later', tags: 'tag', topic: 'Delayed', queueId: 0 })
    expect(steady(message)).toEqual({
      CLUSTER: 'InteropCluster',
      DELAY: '2',
      MSG_REGION: 'DefaultRegion',
      REAL_QID: '0',
      REAL_TOPIC: 'Delayed',
      TAGS: 'tag',
      TRACE_ON: 'true',
      WAIT: 'true',
    })
  })

  test('puts messages off, which come again and end as dead letters', async () => {
    const group = 'G-later'
    await suite.createTopic('Retried', 1)
    // A member's heartbeat makes the topic of retries; who starts later finds its route at once.
    await suite.consume({ topic: 'Retried', group }, 0)
    await suite.produce('Retried', numbered('retried', 3))
    const retrying = { topic: 'Retried', group, laterTimes: 99, maxReconsumeTimes: 2 }
    const received = await suite.consume(retrying, 9)
    const times = received.map(({ body, reconsumeTimes }) => `${body} ${reconsumeTimes}`)
    const wanted = numbered('retried', 3).flatMap(({ body }) =>
      [0, 1, 2].map((time) => `${body} ${time}`),
    )
    expect(new Set(times)).toEqual(new Set(wanted))
    expect(received).toHaveLength(9)
    const ids = new Map(received.map(({ body, msgId }) => [body, msgId]))
    expect(received.every(({ body, msgId }) => ids.get(body) === msgId)).toBe(true)
    expect(steady(received.find(({ reconsumeTimes }) => reconsumeTimes === 2))).toMatchObject({
      DELAY: '4',
      REAL_QID: '0',
      REAL_TOPIC: `%RETRY%${group}`,
      RETRY_TOPIC: 'Retried',
      WAIT: 'false',
    })

    const dead = await suite.toolbox.litePull({
      nameServer: suite.cluster.nameServer,
      group: 'G-undertaker',
      topic: `%DLQ%${group}`,
      mode: 'assign',
      count: 3,
      timeoutMs: CONSUME_TIMEOUT_MS,
    })
    expect(contents(dead)).toEqual(contents(numbered('retried', 3)))
    for (const message of dead) {
      expect(message).toMatchObject({ reconsumeTimes: 3, queueId: 0 })
      const origin = received.find(
        ({ body, reconsumeTimes }) => body === message.body && reconsumeTimes === 0,
      )
      const { ORIGIN_MESSAGE_ID } = message.properties
      expect(ORIGIN_MESSAGE_ID).toBe(origin?.offsetMsgId)
      expect(steady(message)).toMatchObject({ DELAY: '0', RETRY_TOPIC: 'Retried', WAIT: 'false' })
    }
  })
})

describeSide('agena', 'delayed messages in a store written by Apache RocketMQ', () => {
  exchange('java', 'agena')
})

describeSide('agena', 'delayed messages in a store written for Apache RocketMQ', () => {
  exchange('agena', 'java')
})

/** The reader delivers what waits, and nothing that the writer has delivered. */
function exchange(writer: Side, reader: Side): void {
  const suite = new Suite(writer, LEVELS)

  test('come once, from whoever has the store when they are due', async () => {
    await suite.createTopic('Waiting', 1)
    const before = numbered('before', 4).map((message) => ({ ...message, delayLevel: 1 }))
    await suite.produce('Waiting', before)
    const first = await suite.consume({ topic: 'Waiting', group: 'G-before' }, 4)
    expect(contents(first)).toEqual(contents(before))
    const later = numbered('later', 4).map((message) => ({ ...message, delayLevel: LATER_LEVEL }))
    const sentMs = Date.now()
    await suite.produce('Waiting', later)
    await suite.cluster.stop()

    const scratch = join(suite.scratch, 'reader')
    await mkdir(scratch)
    const { dataDirectory } = suite.cluster
    suite.cluster = await startCluster(reader, { scratch, dataDirectory, settings: LEVELS })
    const received = await suite.consume({ topic: 'Waiting', group: 'G-after' }, 8)
    expect(Date.now() - sentMs).toBeGreaterThanOrEqual(LATER_MS)
    expect(contents(received)).toEqual(contents([...before, ...later]))
  })
}

function describe2(name: string, body: (side: Side) => void): void {
  for (const side of sides) describeSide(side, name, () => body(side))
}

function steady(message: ReceivedMessage | undefined): Record<string, string> {
  const entries = Object.entries(message?.properties ?? {})
  return Object.fromEntries(entries.filter(([name]) => !VARYING.includes(name)))
}
