/**
 * Goal: consumers find their place by Apache RocketMQ's rules: a young queue is read from its
 * first message, an old one from where the consumer wishes, and nothing is kept of strangers.
 * Method: a server on loopback with the capability's rows over a real store.
 */
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { MIB } from '../../../../engine/base/units.ts'
import { hostOf } from '../../../../engine/format/host.ts'
import { createRecordSource } from '../../../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../../../engine/log/append-outcome.ts'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { offsetRoutes } from '../../../../net/broker/offsets/offset-routes.ts'
import { SubscriptionGroups } from '../../../../net/broker/subscriptions/subscription-groups.ts'
import { topicConfig } from '../../../../net/broker/topics/system-topics.ts'
import { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import { ConsumerOffsetTable } from '../../../../net/protocol/consumer-offset.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { ThreadedStore } from '../../../../workers/threaded-store.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { type LivePeer, LiveRoutes } from '../live-routes.ts'

const TOPIC = 'orders'
const GROUP = 'shop'
const HOST = hostOf('127.0.0.1', 10911)

let folder: TemporaryFolder
let store: ThreadedStore
let topics: TopicConfigs
let groups: SubscriptionGroups
let offsets: ConsumerOffsets
let live: LiveRoutes
let peer: LivePeer

beforeEach(async () => {
  folder = temporaryFolder('offset-routes')
  store = await ThreadedStore.open(join(folder.path, 'store'), { segmentBytes: MIB })
  const directory = store.layout.config
  topics = new TopicConfigs(
    directory,
    {
      clusterName: 'cluster',
      brokerName: 'broker',
      autoCreateTopicEnable: true,
      defaultTopicQueueNums: 8,
      traceTopicEnable: false,
      msgTraceTopicName: 'trace',
    },
    silentLogger,
  )
  topics.put(topicConfig(TOPIC, 2))
  groups = new SubscriptionGroups(directory, () => true, silentLogger)
  groups.find(GROUP)
  offsets = new ConsumerOffsets(directory, silentLogger)
  live = await LiveRoutes.start(offsetRoutes({ offsets, groups, topics, store }))
  peer = live.peer()
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
  await Promise.all([topics.save(), groups.save(), offsets.save()])
  await store.close()
  folder[Symbol.dispose]()
})

function append(): void {
  const source = createRecordSource()
  source.topic = Buffer.from(TOPIC)
  source.topicEnd = source.topic.length
  source.bornTimestampMs = Date.now()
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.from('hello')
  source.bodyEnd = source.body.length
  expect(store.append(source, store.tail(TOPIC, 0))).toBe(AppendOutcome.APPENDED)
}

function query(changes: Readonly<Record<string, string>> = {}): Promise<RemotingCommand> {
  const fields = { consumerGroup: GROUP, topic: TOPIC, queueId: '0', ...changes }
  return peer.ask(RequestCode.QUERY_CONSUMER_OFFSET, { fields })
}

function commit(changes: Readonly<Record<string, string>> = {}): Promise<RemotingCommand> {
  const fields = { consumerGroup: GROUP, topic: TOPIC, queueId: '0', commitOffset: '7', ...changes }
  return peer.ask(RequestCode.UPDATE_CONSUMER_OFFSET, { fields })
}

function offsetIn({ code, extFields }: RemotingCommand): string | undefined {
  expect(code).toBe(ResponseCode.SUCCESS)
  return extFields.get('offset')
}

describe('a query', () => {
  test('finds what was committed', async () => {
    expect((await commit()).code).toBe(ResponseCode.SUCCESS)
    expect(offsetIn(await query())).toBe('7')
    expect((await query({ queueId: '1' })).code).toBe(ResponseCode.QUERY_NOT_FOUND)
    await commit({ commitOffset: '0' })
    expect(offsetIn(await query())).toBe('0')
  })

  test('of a young queue is answered with its begin, at any time', async () => {
    append()
    expect(offsetIn(await query())).toBe('0')
    await vi.waitFor(() => expect(store.reputOffset).toBe(store.log.appendedOffset), 5_000)
    expect(offsetIn(await query())).toBe('0')
    expect(offsetIn(await query({ setZeroIfNotFound: 'true' }))).toBe('0')
  })

  test('of a young queue finds nothing when that is wished', async () => {
    append()
    const answer = await query({ setZeroIfNotFound: 'false' })
    expect(answer.code).toBe(ResponseCode.QUERY_NOT_FOUND)
    expect(answer.remark).toBe('Not found, do not set to zero, maybe this group boot first')
  })

  test('of a queue whose first message has left the memory finds nothing', async () => {
    append()
    vi.spyOn(store.reader, 'isCountedAsHot').mockReturnValue(false)
    await vi.waitFor(() => expect(store.reputOffset).toBe(store.log.appendedOffset), 5_000)
    expect((await query()).code).toBe(ResponseCode.QUERY_NOT_FOUND)
  })

  test('of a queue whose first messages have expired finds nothing', async () => {
    append()
    vi.spyOn(store, 'minQueueOffset').mockReturnValue(1)
    expect((await query()).code).toBe(ResponseCode.QUERY_NOT_FOUND)
  })

  test('of an empty queue finds nothing', async () => {
    const answer = await query()
    expect(answer.code).toBe(ResponseCode.QUERY_NOT_FOUND)
    expect(answer.remark).toBe('Not found, V3_0_6_SNAPSHOT maybe this group consumer boot first')
  })

  test.each([
    ['a topic', { topic: 'none' }],
    ['a queue', { queueId: '2' }],
    ['a queue', { queueId: '-1' }],
  ])('of %s that is not there finds nothing, and the store keeps nothing', async (_, changes) => {
    const tail = vi.spyOn(store, 'tail')
    expect((await query(changes)).code).toBe(ResponseCode.QUERY_NOT_FOUND)
    expect(tail).not.toHaveBeenCalled()
  })
})

describe('a commit', () => {
  test.each([
    [{ consumerGroup: 'none' }, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'Group none not exist!'],
    [{ topic: 'none' }, ResponseCode.TOPIC_NOT_EXIST, 'Topic none not exist!'],
  ])('for %j is refused', async (changes, code, remark) => {
    const answer = await commit(changes)
    expect(answer.code).toBe(code)
    expect(answer.remark).toBe(remark)
    expect(groups.get('none')).toBeUndefined()
    expect(offsets.table().offsetTable.size).toBe(0)
  })
})

test('all offsets are shown with their version', async () => {
  await commit()
  await commit({ queueId: '1', commitOffset: '3' })
  const answer = await peer.ask(RequestCode.GET_ALL_CONSUMER_OFFSET)
  expect(decodeBody(ConsumerOffsetTable, answer.body)).toEqual(offsets.table())
  expect(offsets.table().offsetTable).toEqual(
    new Map([
      [
        `${TOPIC}@${GROUP}`,
        new Map([
          [0, 7],
          [1, 3],
        ]),
      ],
    ]),
  )
})
