/**
 * Goal: traces have Java's text, come in few messages, and cost what they tell of nothing.
 * Method: texts as Java's TraceDataEncoder writes them; a fake broker that takes messages and takes
 * no traces; a broker in this process for both sides.
 */
import { expect, test } from 'vitest'
import { LitePullConsumer } from '../../../net/client/lite-pull-consumer.ts'
import { compareText } from '../../../net/client/message-queue.ts'
import { Producer } from '../../../net/client/producer.ts'
import { PushConsumer } from '../../../net/client/push-consumer.ts'
import { encodeTrace } from '../../../net/client/trace/trace-record.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'

const TRACES = 'RMQ_SYS_TRACE_TOPIC'

const FACTS = { regionId: 'R', group: 'G', topic: 'T', timestampMs: 1_700_000_000_000 } as const

test('a send is told as Java tells it', () => {
  const { keys, text } = encodeTrace({
    ...FACTS,
    type: 'Pub',
    messageId: 'ID',
    tags: undefined,
    keys: 'k1 k2',
    brokerAddress: '127.0.0.1:10911',
    bodyBytes: 3,
    costMs: 4,
    kind: 'delay',
    offsetMessageId: 'OFFSET',
    isSuccess: true,
  })
  expect(text.replaceAll('\u0001', '|')).toBe(
    'Pub|1700000000000|R|G|T|ID|null|k1 k2|127.0.0.1:10911|3|4|3|OFFSET|true\u0002',
  )
  expect(keys).toEqual(['ID', 'k1', 'k2'])
})

test('a call of a listener is told as Java tells it', () => {
  const messages = [
    { messageId: 'A', reconsumeTimes: 2, keys: 'k' },
    { messageId: 'B', reconsumeTimes: 0, keys: undefined },
  ]
  const before = encodeTrace({ ...FACTS, type: 'SubBefore', requestId: 'Q', messages })
  expect(before.text.replaceAll('\u0001', '|').split('\u0002')).toEqual([
    'SubBefore|1700000000000|R|G|Q|A|2|k',
    'SubBefore|1700000000000|R|G|Q|B|0|null',
    '',
  ])
  const after = encodeTrace({
    ...FACTS,
    type: 'SubAfter',
    requestId: 'Q',
    messages,
    costMs: 5,
    isSuccess: false,
    returned: 'failed',
  })
  expect(after.text.replaceAll('\u0001', '|').split('\u0002')).toEqual([
    'SubAfter|Q|A|5|false|k|4|1700000000000|G',
    'SubAfter|Q|B|5|false|null|4|1700000000000|G',
    '',
  ])
  expect(after.keys).toEqual(['A', 'k', 'B'])
})

/** The traces that are in a topic, each as its fields. */
async function tracesIn(running: RunningStandalone, topic: string): Promise<string[][]> {
  await using reader = await LitePullConsumer.start({
    nameServers: [running.server.nameServerAddress],
    group: 'reads-traces',
    consumeFrom: 'first',
  })
  const queues = await reader.fetchQueues(topic)
  await reader.assign(queues)
  const { store } = running.server.broker
  const ends = queues.map(({ queueId }) => store.maxQueueOffset(topic, queueId))
  const count = ends.reduce((sum, end) => sum + end, 0)
  const texts: string[] = []
  while (texts.length < count) {
    const messages = await reader.poll({ timeoutMs: 1_000 })
    texts.push(...messages.map(({ body }) => body.toString()))
  }
  return texts.flatMap((text) =>
    text
      .split('\u0002')
      .slice(0, -1)
      .map((line) => line.split('\u0001')),
  )
}

test('close sends what is left, in few messages, to the topic that is wanted', async () => {
  await using running = await RunningStandalone.start({ traceTopicEnable: true })
  const nameServers = [running.server.nameServerAddress]
  const traced = { nameServers, enableTrace: true, customizedTraceTopic: 'OwnTraces' }
  const ids: string[] = []
  {
    await using producer = await Producer.start({ ...traced, group: 'p' })
    for (let at = 0; at < 25; at += 1) {
      const { messageId } = await producer.send({
        topic: 'T',
        body: 'x',
        tags: 'tag',
        keys: `k${at}`,
      })
      ids.push(messageId)
    }
  }
  const traces = await tracesIn(running, 'OwnTraces')
  expect(traces.map((fields) => fields[5]!).sort(compareText)).toEqual(ids.sort(compareText))
  expect(traces[0]!.slice(2, 5)).toEqual(['DefaultRegion', 'p', 'T'])
  expect(traces[0]).toHaveLength(14)
  await expect(tracesIn(running, TRACES)).resolves.toEqual([])
})

test('a listener is traced before and after each call', async () => {
  await using running = await RunningStandalone.start({ traceTopicEnable: true })
  const nameServers = [running.server.nameServerAddress]
  await using producer = await Producer.start({ nameServers, group: 'p' })
  const { messageId } = await producer.send({ topic: 'T', body: 'x' })
  {
    const seen: string[] = []
    await using consumer = await PushConsumer.start({
      nameServers,
      group: 'g',
      subscriptions: { T: '*' },
      consumeFrom: 'first',
      enableTrace: true,
      onMessage: async ([message]) => {
        seen.push(message!.messageId)
        return 'later'
      },
    })
    await expect.poll(() => seen).toEqual([messageId])
    expect(consumer.status).toBe('open')
  }
  const traces = await tracesIn(running, TRACES)
  const types = traces.map(([type]) => type!).sort(compareText)
  expect(types).toEqual(['SubAfter', 'SubBefore'])
  const after = traces.find(([type]) => type === 'SubAfter')!
  const before = traces.find(([type]) => type === 'SubBefore')!
  expect(after[1]).toBe(before[4])
  expect(after.slice(2, 3)).toEqual([messageId])
  expect(after.slice(4, 7)).toEqual(['false', 'null', '4'])
})

test('where nobody takes traces, sends succeed and close ends', async () => {
  await using running = await RunningStandalone.start({ autoCreateTopicEnable: false })
  const nameServers = [running.server.nameServerAddress]
  const warnings: string[] = []
  const logger = {
    info: () => undefined,
    warn: (message: string) => warnings.push(message),
    error: () => undefined,
  }
  const producer = await Producer.start({ nameServers, group: 'p', enableTrace: true, logger })
  const { status } = await producer.send({ topic: 'BenchmarkTest', body: 'x' })
  expect(status).toBe('SEND_OK')
  await producer.close()
  expect(warnings.some((line) => line.includes('traces not sent'))).toBe(true)
})
