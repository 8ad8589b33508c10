/**
 * Goal: admin tools are told who is in a group, what it reads, how far it is and since when.
 * Method: a broker on loopback; members that speak with it on the wire.
 */
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { tagsCodeOf } from '../../../engine/format/consume-queue-format.ts'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import {
  ConsumeStatsList,
  QueryConsumeTimeSpanBody,
  type QueueTimeSpan,
} from '../../../net/protocol/consume-progress.ts'
import {
  GroupForbidden,
  ProducerTableInfo,
  QuerySubscriptionResponseBody,
} from '../../../net/protocol/group-query.ts'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import { TopicList } from '../../../net/protocol/name-server-topic.ts'
import { QueryConsumeQueueResponseBody } from '../../../net/protocol/query-consume-queue.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import type { ConsumeStats } from '../../../net/protocol/topic-stats.ts'
import { type Fields, RawMember } from '../../helpers/raw-member.ts'
import { pullFields, RunningStandalone, sendFields } from '../../helpers/running-standalone.ts'

const TOPIC = 'orders'
const GROUP = 'shop'

let running: RunningStandalone
let member: RawMember

beforeEach(async () => {
  running = await RunningStandalone.start()
  member = new RawMember(running.server.brokerAddress, 'one')
  for (const tag of ['red', 'blue', 'red']) {
    const i = encodeProperties(new Map([['TAGS', tag]])).toString()
    await member.ask(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC, { i }), Buffer.from(tag))
  }
  await member.beat({ group: GROUP, topics: { [TOPIC]: 'red' }, producers: ['makers'] })
  const wait = { sysFlag: 2 | 4, suspendTimeoutMillis: 10_000, queueOffset: 2 }
  // Reput has built the last unit when this is answered.
  await member.ask(RequestCode.PULL_MESSAGE, pullFields(TOPIC, wait))
})
afterEach(async () => {
  await member[Symbol.asyncDispose]()
  await running[Symbol.asyncDispose]()
})

async function commit(queueId: number, commitOffset: number): Promise<void> {
  const fields = { consumerGroup: GROUP, topic: TOPIC, queueId, commitOffset }
  await member.ask(RequestCode.UPDATE_CONSUMER_OFFSET, fields)
}

describe('questions about a group', () => {
  test('its topics come with the address of the broker', async () => {
    await commit(0, 1)
    const answer = await member.ask(RequestCode.QUERY_TOPICS_BY_CONSUMER, { group: GROUP })
    const { brokerAddress } = running.server
    const topicList = [TOPIC]
    expect(decodeBody(TopicList, answer.body)).toEqual({ brokerAddr: brokerAddress, topicList })
  })

  test('its subscription is that of its connected consumers', async () => {
    const ask = async (group: string) => {
      const fields = { group, topic: TOPIC }
      const answer = await member.ask(RequestCode.QUERY_SUBSCRIPTION_BY_CONSUMER, fields)
      return decodeBody(QuerySubscriptionResponseBody, answer.body)
    }
    expect(await ask(GROUP)).toMatchObject({
      group: GROUP,
      topic: TOPIC,
      subscriptionData: { topic: TOPIC, subString: 'red' },
    })
    expect((await ask('nobody')).subscriptionData).toBeUndefined()
  })

  test('producers are listed by group, with the time of their last heartbeat', async () => {
    const before = Date.now()
    await member.beat({ group: GROUP, producers: ['makers'] })
    const answer = await member.ask(RequestCode.GET_ALL_PRODUCER_INFO)
    const { data } = decodeBody(ProducerTableInfo, answer.body)
    expect([...data.keys()]).toEqual(['makers'])
    const [producer] = data.get('makers')!
    expect(producer).toMatchObject({ clientId: 'one', language: 'OTHER', version: 513 })
    expect(producer?.remoteIP).toMatch(/^\/127\.0\.0\.1:\d+$/)
    expect(producer?.lastUpdateTimestamp).toBeGreaterThanOrEqual(before)
  })

  test('whether it may read a topic can be changed, and outlives the change', async () => {
    const permit = async (fields: Fields) => {
      const asked = { group: GROUP, topic: TOPIC, ...fields }
      const answer = await member.ask(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, asked)
      return decodeBody(GroupForbidden, answer.body).readable
    }
    expect(await permit({})).toBe(true)
    expect(await permit({ readable: false })).toBe(false)
    expect(await permit({ topic: 'bills', readable: false })).toBe(false)
    expect(await permit({ topic: 'bills', readable: true })).toBe(true)
    expect(await permit({})).toBe(false)
    expect(await permit({ readable: true })).toBe(true)
  })
})

describe('how far groups are', () => {
  test('is shown for all of them at once, of ordered topics alone when asked', async () => {
    await commit(0, 1)
    const ask = async (isOrder: boolean) => {
      const answer = await member.ask(RequestCode.GET_BROKER_CONSUME_STATS, { isOrder })
      return decodeBody(ConsumeStatsList, answer.body)
    }
    const all = await ask(false)
    expect(all).toMatchObject({ brokerAddr: running.server.brokerAddress, totalDiff: 2 })
    const groups = new Map<string, ConsumeStats[]>(all.consumeStatsList.flatMap((map) => [...map]))
    expect(groups.get('TOOLS_CONSUMER')).toEqual([])
    const stats = groups.get(GROUP)?.[0]
    const shown = stats?.offsetTable.map((row) => [row[0].queueId, row[1]] as const)
    expect(shown).toMatchObject([
      [0, { brokerOffset: 3, consumerOffset: 1 }],
      [1, { brokerOffset: 0, consumerOffset: 0 }],
      [2, { brokerOffset: 0, consumerOffset: 0 }],
      [3, { brokerOffset: 0, consumerOffset: 0 }],
    ])
    expect(stats?.offsetTable[0]?.[1].lastTimestamp).toBeGreaterThan(0)
    const ordered = await ask(true)
    expect(new Map(ordered.consumeStatsList.flatMap((map) => [...map])).get(GROUP)).toEqual([])
    expect(ordered.totalDiff).toBe(0)
  })

  test('is shown as times', async () => {
    const ask = async (topic: string) => {
      const fields = { group: GROUP, topic }
      return member.ask(RequestCode.QUERY_CONSUME_TIME_SPAN, fields)
    }
    const spans = async (): Promise<QueueTimeSpan[]> =>
      decodeBody(QueryConsumeTimeSpanBody, (await ask(TOPIC)).body).consumeTimeSpanSet
    await commit(0, 1)
    const [first, second] = await spans()
    expect(first!.messageQueue).toMatchObject({ topic: TOPIC, queueId: 0 })
    expect(first!.minTimeStamp).toBeGreaterThan(0)
    expect(first!.consumeTimeStamp).toBe(first!.minTimeStamp)
    expect(first!.maxTimeStamp).toBeGreaterThanOrEqual(first!.minTimeStamp)
    expect(first!.delayTime).toBeLessThan(60_000)
    expect(second).toMatchObject({ minTimeStamp: -1, maxTimeStamp: -1, consumeTimeStamp: -1 })
    await commit(0, 3)
    expect((await spans())[0]).toMatchObject({
      consumeTimeStamp: first!.maxTimeStamp,
      delayTime: 0,
    })
    expect(await ask('nowhere')).toMatchObject({
      code: ResponseCode.TOPIC_NOT_EXIST,
      remark: 'topic[nowhere] not exist',
    })
  })
})

describe('the units of a queue', () => {
  async function units(fields: Fields) {
    const asked = { topic: TOPIC, queueId: 0, index: 0, count: 10, ...fields }
    const answer = await member.ask(RequestCode.QUERY_CONSUME_QUEUE, asked)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    return { ...decodeBody(QueryConsumeQueueResponseBody, answer.body), remark: answer.remark }
  }

  test('are shown as they lie there', async () => {
    const all = await units({})
    expect(all).toMatchObject({ minQueueIndex: 0, maxQueueIndex: 3, filterData: undefined })
    const { queueData } = all
    expect(queueData.map(({ tagsCode }) => tagsCode)).toEqual(
      ['red', 'blue', 'red'].map(tagsCodeOf),
    )
    expect(queueData[0]?.physicOffset).toBe(0)
    expect(queueData[1]?.physicOffset).toBe(queueData[0]?.physicSize)
    expect((await units({ index: 1, count: 1 })).queueData).toEqual([queueData[1]])
    expect((await units({ index: 2, count: 9 })).queueData).toEqual([queueData[2]])
  })

  test('come with the subscription of a group', async () => {
    expect(await units({ consumerGroup: GROUP })).toMatchObject({
      filterData: 'null',
      subscriptionData: { subString: 'red' },
    })
    const nobody = await units({ consumerGroup: 'nobody' })
    expect(nobody.filterData).toBe('nobody@orders is not online!')
  })

  test.each([3, 99, -1])('from %i on are none', async (index) => {
    const none = await units({ index })
    expect(none.remark).toBe(`Index ${index} of 0@orders is not exist!`)
    expect(none.queueData).toEqual([])
  })

  test.each([{ topic: 'nowhere' }, { queueId: 4 }])('of %o are refused', async (fields) => {
    const asked = { topic: TOPIC, queueId: 0, index: 0, count: 1, ...fields }
    const answer = await member.ask(RequestCode.QUERY_CONSUME_QUEUE, asked)
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toBe(`${asked.queueId}@${asked.topic} is not exist!`)
  })
})

test('the topics of RocketMQ itself are those of every broker and of this one', async () => {
  const answer = await member.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER)
  const { topicList } = decodeBody(TopicList, answer.body)
  expect(topicList).toEqual(
    expect.arrayContaining(['TBW102', 'SCHEDULE_TOPIC_XXXX', 'DefaultCluster']),
  )
  expect(topicList).not.toContain(TOPIC)
})
