/**
 * Goal: the admin tools find every key and queue that they read, with the values and in the
 * formats of Apache RocketMQ 5.5.0.
 * Method: a server on loopback with the capability's rows over a real store; the keys are those of
 * a captured table.
 */
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { MIB } from '../../../../engine/base/units.ts'
import { hostOf } from '../../../../engine/format/host.ts'
import { createRecordSource } from '../../../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../../../engine/log/append-outcome.ts'
import { adminRoutes } from '../../../../net/broker/admin/admin-routes.ts'
import { ClientRegistry } from '../../../../net/broker/clients/client-registry.ts'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { BrokerStats } from '../../../../net/broker/stats/broker-stats.ts'
import { SubscriptionGroups } from '../../../../net/broker/subscriptions/subscription-groups.ts'
import { topicConfig } from '../../../../net/broker/topics/system-topics.ts'
import { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import { ConsumerData, SubscriptionData } from '../../../../net/protocol/heartbeat.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { KVTable } from '../../../../net/protocol/runtime-info.ts'
import { ConsumeStats, TopicStatsTable } from '../../../../net/protocol/topic-stats.ts'
import { ThreadedStore } from '../../../../workers/threaded-store.ts'
import { LiveRoutes } from '../live-routes.ts'

const TOPIC = 'orders'
const GROUP = 'shop'
const SEGMENT_BYTES = MIB
const HOST = hostOf('127.0.0.1', 10911)

/** The keys of a table of Apache RocketMQ 5.5.0; `commitLogDiskRatio_` goes on with a path. */
const KEYS_OF_JAVA = [
  'EndTransactionQueueSize EndTransactionThreadPoolQueueCapacity ackThreadPoolQueueCapacity',
  'ackThreadPoolQueueHeadWaitTimeMills ackThreadPoolQueueSize bootTimestamp brokerActive',
  'brokerVersionDesc commitLogDirCapacity commitLogDiskRatio commitLogDiskRatio_',
  'commitLogMaxOffset commitLogMinOffset consumeQueueDiskRatio dispatchBehindBytes',
  'dispatchMaxBuffer earliestMessageTimeStamp getFoundTps getMessageEntireTimeMax getMissTps',
  'getTotalTps getTransferredTps litePullThreadPoolQueueCapacity',
  'litePullThreadPoolQueueHeadWaitTimeMills litePullThreadPoolQueueSize msgGetTotalTodayMorning',
  'msgGetTotalTodayNow msgGetTotalYesterdayMorning msgPutTotalTodayMorning msgPutTotalTodayNow',
  'msgPutTotalYesterdayMorning pageCacheLockTimeMills pullThreadPoolQueueCapacity',
  'pullThreadPoolQueueHeadWaitTimeMills pullThreadPoolQueueSize putLatency99 putLatency999',
  'putMessageAverageSize putMessageDistributeTime putMessageEntireTimeMax putMessageFailedTimes',
  'putMessageSizeTotal putMessageTimesTotal putTps queryThreadPoolQueueCapacity',
  'queryThreadPoolQueueHeadWaitTimeMills queryThreadPoolQueueSize remainHowManyDataToFlush',
  'remainTransientStoreBufferNumbs runtime sendThreadPoolQueueCapacity',
  'sendThreadPoolQueueHeadWaitTimeMills sendThreadPoolQueueSize',
  'startAcceptSendRequestTimeStamp timerCongestNum timerDequeueTps timerEnqueueTps',
  'timerOffsetBehind timerReadBehind',
]
  .join(' ')
  .split(' ')

let folder = ''
const schedule = { runtimeRows: () => [] }
const send = { queue: { size: 3, capacity: 10_000, headWaitMs: 7 } }

let store: ThreadedStore
let topics: TopicConfigs
let offsets: ConsumerOffsets
let clients: ClientRegistry
let stats: BrokerStats
let live: LiveRoutes

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'agena-admin-'))
  store = await ThreadedStore.open(folder, { segmentBytes: SEGMENT_BYTES })
  const options = {
    clusterName: 'cluster',
    brokerName: 'broker',
    autoCreateTopicEnable: true,
    defaultTopicQueueNums: 8,
    traceTopicEnable: false,
    msgTraceTopicName: 'trace',
  }
  topics = new TopicConfigs(store.layout.config, options, silentLogger)
  topics.put(topicConfig(TOPIC, 3))
  offsets = new ConsumerOffsets(store.layout.config, silentLogger)
  clients = new ClientRegistry({ clientExpiryMs: 60_000, onGroupChange: () => undefined })
  stats = new BrokerStats({ clusterName: 'cluster', isSystemTopic: () => false })
  live = await LiveRoutes.start(
    adminRoutes({
      brokerName: 'broker',
      brokerAddress: '127.0.0.1:10911',
      store,
      topics,
      groups: new SubscriptionGroups(store.layout.config, () => true, silentLogger),
      offsets,
      clients,
      stats,
      schedule,
      send,
    }),
  )
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
  await topics.save()
  await store.close()
  await rm(folder, { recursive: true })
})

async function put(queueId: number, count: number): Promise<void> {
  const source = createRecordSource()
  source.topic = Buffer.from(TOPIC)
  source.topicEnd = source.topic.length
  source.queueId = queueId
  source.bornTimestampMs = Date.now()
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.from('hello')
  source.bodyEnd = source.body.length
  for (let index = 0; index < count; index += 1) {
    expect(store.append(source, store.tail(TOPIC, queueId))).toBe(AppendOutcome.APPENDED)
    stats.sent(TOPIC, 1, store.log.lastRecordBytes)
  }
  await vi.waitFor(() => expect(store.reputOffset).toBe(store.log.appendedOffset), 5_000)
}

async function runtimeOf(): Promise<Map<string, string>> {
  const answer = await live.peer().ask(RequestCode.GET_BROKER_RUNTIME_INFO)
  expect(answer.code).toBe(ResponseCode.SUCCESS)
  return decodeBody(KVTable, answer.body).table
}

describe('the runtime table', () => {
  test("has Java's keys and no others", async () => {
    const keys = [...(await runtimeOf()).keys()].map((key) =>
      key.replace(store.layout.commitLog, ''),
    )
    expect(keys.sort()).toEqual([...KEYS_OF_JAVA].sort())
  })

  test('of an empty store reads as that of Java', async () => {
    const table = Object.fromEntries(await runtimeOf())
    expect(table).toMatchObject({
      brokerActive: 'true',
      brokerVersionDesc: 'V5_5_0',
      commitLogMinOffset: '-1',
      commitLogMaxOffset: '0',
      earliestMessageTimeStamp: '-1',
      putMessageTimesTotal: '1',
      putMessageSizeTotal: '0',
      putMessageAverageSize: '0.0',
      msgPutTotalTodayNow: '0',
      getTotalTps: '0.0 0.0 0.0',
      remainHowManyDataToFlush: '0 B',
      remainTransientStoreBufferNumbs: '2147483647',
    })
    expect(table['runtime']).toMatch(/^\[ 0 days, 0 hours, 0 minutes, \d+ seconds \]$/)
    expect(table['commitLogDirCapacity']).toMatch(/^Total : [\d.]+ \w?i?B, Free : [\d.]+ \w?i?B\.$/)
    expect(Number(table['commitLogDiskRatio'])).toBeGreaterThan(0)
  })

  test('counts what was stored', async () => {
    const beforeMs = Date.now()
    await put(0, 4)
    const table = Object.fromEntries(await runtimeOf())
    const sizeBytes = store.log.lastRecordBytes
    expect(table).toMatchObject({
      commitLogMinOffset: '0',
      commitLogMaxOffset: String(4 * sizeBytes),
      dispatchBehindBytes: '0',
      putMessageTimesTotal: '4',
      putMessageSizeTotal: String(4 * sizeBytes),
      putMessageAverageSize: `${sizeBytes}.0`,
      msgPutTotalTodayNow: '4',
    })
    const earliestMs = Number(table['earliestMessageTimeStamp'])
    expect(earliestMs).toBeGreaterThanOrEqual(beforeMs)
    expect(earliestMs).toBeLessThanOrEqual(Date.now())
  })
})

describe('topic stats', () => {
  test('list every queue, with zeros for those without messages', async () => {
    await put(1, 2)
    const answer = await live.peer().ask(RequestCode.GET_TOPIC_STATS_INFO, {
      fields: { topic: TOPIC },
    })
    const { offsetTable } = decodeBody(TopicStatsTable, answer.body)
    const empty = { lastUpdateTimestamp: 0, maxOffset: 0, minOffset: 0 }
    expect(offsetTable).toEqual([
      [{ brokerName: 'broker', queueId: 0, topic: TOPIC }, empty],
      [
        { brokerName: 'broker', queueId: 1, topic: TOPIC },
        { lastUpdateTimestamp: expect.any(Number), maxOffset: 2, minOffset: 0 },
      ],
      [{ brokerName: 'broker', queueId: 2, topic: TOPIC }, empty],
    ])
    expect(Date.now() - (offsetTable[1]?.[1].lastUpdateTimestamp ?? 0)).toBeLessThan(30_000)
  })

  test('cover the queues that are read and those that are written', async () => {
    topics.put({ ...topicConfig('shrunk', 2), readQueueNums: 5 })
    const fields = { topic: 'shrunk' }
    const answer = await live.peer().ask(RequestCode.GET_TOPIC_STATS_INFO, { fields })
    expect(decodeBody(TopicStatsTable, answer.body).offsetTable).toHaveLength(5)
  })

  test('of an unknown topic are refused by its code', async () => {
    const fields = { topic: 'nowhere' }
    const answer = await live.peer().ask(RequestCode.GET_TOPIC_STATS_INFO, { fields })
    expect(answer).toMatchObject({
      code: ResponseCode.TOPIC_NOT_EXIST,
      remark: 'topic[nowhere] not exist',
    })
  })
})

describe('consume stats', () => {
  async function statsOf(fields: Record<string, string>): Promise<ConsumeStats> {
    const answer = await live.peer().ask(RequestCode.GET_CONSUME_STATS, {
      fields: { consumerGroup: GROUP, ...fields },
    })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    return decodeBody(ConsumeStats, answer.body)
  }

  test('of a group that has read nothing are empty', async () => {
    expect(await statsOf({})).toEqual({ consumeTps: 0, offsetTable: [] })
  })

  test('show how far a group is, and how much is on its way', async () => {
    await put(0, 5)
    offsets.commit(GROUP, TOPIC, 0, 2, 'test')
    stats.pulledTo(GROUP, TOPIC, 0, 4)
    const { offsetTable } = await statsOf({})
    expect(offsetTable.map(([, offset]) => offset)).toEqual([
      { brokerOffset: 5, consumerOffset: 2, lastTimestamp: expect.any(Number), pullOffset: 4 },
      { brokerOffset: 0, consumerOffset: 0, lastTimestamp: 0, pullOffset: 0 },
      { brokerOffset: 0, consumerOffset: 0, lastTimestamp: 0, pullOffset: 0 },
    ])
    expect(offsetTable[0]?.[1].lastTimestamp).toBeGreaterThan(0)
  })

  test('leave out what a connected group no longer reads, unless it is listed', async () => {
    topics.put(topicConfig('bills', 1))
    offsets.commit(GROUP, TOPIC, 0, 0, 'test')
    offsets.commit(GROUP, 'bills', 0, 0, 'test')
    offsets.commit(GROUP, 'deleted', 0, 0, 'test')
    const topicsOf = async (fields: Record<string, string>): Promise<Set<string>> =>
      new Set((await statsOf(fields)).offsetTable.map(([{ topic }]) => topic))
    expect(await topicsOf({})).toEqual(new Set([TOPIC, 'bills']))
    const [connection] = live.connections
    clients.registerConsumer(
      { connection: connection!, clientId: 'one', language: 'JAVA', version: 513, seenMs: 0 },
      ConsumerData.read({ groupName: GROUP }, ''),
      [SubscriptionData.read({ topic: TOPIC }, '')],
    )
    expect(await topicsOf({})).toEqual(new Set([TOPIC]))
    expect(await topicsOf({ topic: 'bills' })).toEqual(new Set())
    expect(await topicsOf({ topicList: 'bills;deleted' })).toEqual(new Set(['bills']))
  })
})

describe('cleaning', () => {
  test('deletes the queues of topics that nobody knows, and no others', async () => {
    await put(0, 2)
    await put(1, 1)
    const source = createRecordSource()
    for (const name of ['forgotten', '%LMQ%light', 'SCHEDULE_TOPIC_XXXX']) {
      source.topic = Buffer.from(name)
      source.topicEnd = source.topic.length
      source.bornHost = HOST
      source.storeHost = HOST
      expect(store.append(source, store.tail(name, 0))).toBe(AppendOutcome.APPENDED)
    }
    await vi.waitFor(() => expect(store.reputOffset).toBe(store.log.appendedOffset), 5_000)
    const answer = await live.peer().ask(RequestCode.CLEAN_UNUSED_TOPIC)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    const left = ['%LMQ%light', 'SCHEDULE_TOPIC_XXXX', TOPIC]
    const folders = () => readdir(store.layout.consumeQueue)
    await vi.waitFor(async () => expect(await folders()).toEqual(left), 5_000)
    expect(store.maxQueueOffset(TOPIC, 0)).toBe(2)
  })

  test('deletes nothing that is still wanted', async () => {
    await put(0, 2)
    for (const code of [
      RequestCode.DELETE_EXPIRED_COMMITLOG,
      RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE,
    ]) {
      expect((await live.peer().ask(code)).code).toBe(ResponseCode.SUCCESS)
    }
    expect(store.minQueueOffset(TOPIC, 0)).toBe(0)
    expect(store.maxQueueOffset(TOPIC, 0)).toBe(2)
  })
})
