/**
 * Goal: topics are made, changed, shown and deleted by request as with Apache RocketMQ, and what
 * this broker cannot do is refused by name.
 * Method: a server on loopback with the capability's rows over tables in a folder of their own.
 */
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, type Mock, test, vi } from 'vitest'
import { deferred } from '../../../../engine/base/deferred.ts'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { topicConfig } from '../../../../net/broker/topics/system-topics.ts'
import { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import { topicRoutes } from '../../../../net/broker/topics/topic-routes.ts'
import { decodeBody, encodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import {
  CreateTopicListRequestBody,
  TopicConfig,
  TopicConfigTable,
} from '../../../../net/protocol/topic-config.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { type LivePeer, LiveRoutes } from '../live-routes.ts'

const CONFLICT = (topic: string) => `The topic[${topic}] is conflict with system topic.`

let folder: TemporaryFolder
let directory = ''
let topics: TopicConfigs
let offsets: ConsumerOffsets
let live: LiveRoutes
let peer: LivePeer
let deleted: string[]
let registered: Mock<() => Promise<void>>
const config = { enableMixedMessageType: false }

beforeEach(async () => {
  folder = temporaryFolder('topic-routes')
  directory = join(folder.path, 'config')
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
  offsets = new ConsumerOffsets(directory, silentLogger)
  deleted = []
  config.enableMixedMessageType = false
  const store = { deleteTopic: async (topic: string) => void deleted.push(topic) }
  registered = vi.fn<() => Promise<void>>(() => Promise.resolve())
  live = await LiveRoutes.start(topicRoutes({ topics, offsets, store, config, registered }))
  peer = live.peer()
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
  await Promise.all([topics.save(), offsets.save()])
  folder[Symbol.dispose]()
})

function create(
  topic: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<RemotingCommand> {
  return peer.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
    fields: {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: '3',
      writeQueueNums: '2',
      perm: '6',
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: '0',
      order: 'false',
      ...changes,
    },
  })
}

function createAll(...topicConfigList: TopicConfig[]): Promise<RemotingCommand> {
  const body = encodeBody(CreateTopicListRequestBody, { topicConfigList })
  return peer.ask(RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, { body })
}

function remove(topic: string): Promise<RemotingCommand> {
  return peer.ask(RequestCode.DELETE_TOPIC_IN_BROKER, { fields: { topic } })
}

function savedTopics(): TopicConfigTable {
  return decodeBody(TopicConfigTable, readFileSync(join(directory, 'topics.json')))
}

function attributesOf(topic: string): Record<string, string> {
  return Object.fromEntries(topics.find(topic)?.config.attributes ?? [])
}

test('a topic is answered for when the name servers were told of it', async () => {
  const told = deferred<void>()
  registered.mockReturnValue(told.promise)
  let isAnswered = false
  const answer = create('told').finally(() => {
    isAnswered = true
  })
  await vi.waitUntil(() => registered.mock.calls.length > 0, { timeout: 10_000 })
  await peer.ask(RequestCode.GET_ALL_TOPIC_CONFIG)
  expect(isAnswered).toBe(false)
  told.resolve()
  expect((await answer).code).toBe(ResponseCode.SUCCESS)
})

describe('a request for a topic', () => {
  test('makes it, and is answered when it is saved', async () => {
    const answer = await create('orders', { order: 'true', topicSysFlag: '1' })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    const expected = {
      ...topicConfig('orders', 3),
      writeQueueNums: 2,
      order: true,
      topicSysFlag: 1,
    }
    expect(savedTopics().topicConfigTable.get('orders')).toEqual(expected)
  })

  test('changes it, and one that changes nothing gives it no new version', async () => {
    await create('orders')
    await create('orders', { perm: '4' })
    expect(topics.find('orders')?.config.perm).toBe(4)
    const { counter } = topics.dataVersion
    expect((await create('orders', { perm: '4' })).code).toBe(ResponseCode.SUCCESS)
    expect(topics.dataVersion.counter).toBe(counter)
  })

  test.each([
    ['a.b', {}, 'The specified topic: a.b, contains illegal characters'],
    ['TBW102', {}, CONFLICT('TBW102')],
    ['cluster', {}, CONFLICT('cluster')],
    ['cluster_REPLY_TOPIC', {}, CONFLICT('cluster_REPLY_TOPIC')],
    ['rmq_sys_mine', {}, CONFLICT('rmq_sys_mine')],
    ['orders', { readQueueNums: '-1' }, 'a topic has 0 to 65535 queues, not -1'],
    ['orders', { writeQueueNums: '65536' }, 'a topic has 0 to 65535 queues, not 65536'],
    ['orders', { attributes: '+queue.type=BatchCQ' }, 'queue.type BatchCQ is not supported yet'],
    ['orders', { attributes: '+cleanup.policy=COMPACTION' }, 'COMPACTION is not supported yet'],
    ['orders', { attributes: '+message.type=LITE' }, 'message.type LITE is not supported yet'],
    ['orders', { attributes: '+message.type=MIXED' }, 'MIXED message type is not supported.'],
    ['orders', { attributes: '+reserve.time=5' }, 'Update topic reserveTime not supported'],
  ])('%s with %j is refused', async (topic, fields, remark) => {
    const before = topics.find(topic)?.config
    const answer = await create(topic, fields)
    expect(answer.code).toBe(ResponseCode.INVALID_PARAMETER)
    expect(answer.remark).toContain(remark)
    expect(topics.find(topic)?.config).toBe(before)
  })

  test('for messages of all types is answered where that is allowed', async () => {
    config.enableMixedMessageType = true
    const answer = await create('orders', { attributes: '+message.type=MIXED' })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(attributesOf('orders')).toEqual({ 'message.type': 'MIXED' })
  })

  test('that cannot be saved says so, and is saved later', async () => {
    rmSync(directory, { recursive: true, force: true })
    writeFileSync(directory, 'not a folder')
    const answer = await create('orders')
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain('could not be saved')
    rmSync(directory)
    expect(await topics.save()).toBe(true)
    expect(savedTopics().topicConfigTable.has('orders')).toBe(true)
  })
})

describe('attributes', () => {
  test('are set, changed and taken away one by one', async () => {
    await create('orders', { attributes: '+message.type=FIFO,+lite.topic.expiration=30' })
    expect(attributesOf('orders')).toEqual({
      'message.type': 'FIFO',
      'lite.topic.expiration': '30',
    })
    await create('orders', { attributes: '+message.type=NORMAL,-lite.topic.expiration' })
    expect(attributesOf('orders')).toEqual({ 'message.type': 'NORMAL' })
    await create('orders', { perm: '4' })
    expect(attributesOf('orders')).toEqual({ 'message.type': 'NORMAL' })
  })

  test.each([
    ['+message.typ=NORMAL', 'unsupported key: message.typ'],
    ['+message.type=normal', 'message.type is normal, but must be one of UNSPECIFIED, '],
    ['+lite.topic.expiration=31', 'must be a whole number from -1 to 30'],
    ['+lite.topic.expiration=1x', 'must be a whole number from -1 to 30'],
    ['-message.type', 'attempt to delete a nonexistent key: message.type'],
    ['+queue.type=SimpleCQ', 'attempt to update an unchangeable attribute. key: queue.type'],
    ['message.type=NORMAL', 'neither +name=value nor -name'],
  ])('%s is refused', async (attributes, remark) => {
    await create('orders')
    const answer = await create('orders', { attributes })
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain(remark)
    expect(attributesOf('orders')).toEqual({})
  })

  test('of a new topic may be any that can be had', async () => {
    const attributes = '+queue.type=SimpleCQ,+cleanup.policy=DELETE'
    expect((await create('orders', { attributes })).code).toBe(ResponseCode.SUCCESS)
    expect(attributesOf('orders')).toEqual({ 'queue.type': 'SimpleCQ', 'cleanup.policy': 'DELETE' })
  })
})

describe('a request for several topics', () => {
  test('makes them, their attributes written as changes', async () => {
    const fifo = { ...topicConfig('fifo', 1), attributes: new Map([['+message.type', 'FIFO']]) }
    const answer = await createAll(topicConfig('plain', 4), fifo)
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    const saved = savedTopics().topicConfigTable
    expect(saved.get('plain')).toEqual(topicConfig('plain', 4))
    expect(saved.get('fifo')?.attributes).toEqual(new Map([['message.type', 'FIFO']]))
  })

  test('makes none of them when one cannot be', async () => {
    const answer = await createAll(topicConfig('plain', 4), topicConfig('TBW102', 1))
    expect(answer.code).toBe(ResponseCode.INVALID_PARAMETER)
    expect(topics.find('plain')).toBeUndefined()
  })
})

describe('a look-up', () => {
  test('of all topics has them all, and how many', async () => {
    await create('orders')
    const answer = await peer.ask(RequestCode.GET_ALL_TOPIC_CONFIG)
    const { topicConfigTable, dataVersion } = decodeBody(TopicConfigTable, answer.body)
    expect(topicConfigTable.get('orders')).toEqual(topics.find('orders')?.config)
    expect(answer.extFields.get('totalTopicNum')).toBe(String(topicConfigTable.size))
    expect(dataVersion).toEqual(topics.dataVersion)
  })

  test('of one topic has it, or says that there is none', async () => {
    await create('orders')
    const found = await peer.ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: 'orders' } })
    expect(decodeBody(TopicConfig, found.body)).toEqual(topics.find('orders')?.config)
    const none = await peer.ask(RequestCode.GET_TOPIC_CONFIG, { fields: { topic: 'none' } })
    expect(none.code).toBe(ResponseCode.TOPIC_NOT_EXIST)
    expect(none.remark).toBe('No topic in this broker. topic: none')
  })
})

describe('a deletion', () => {
  test('takes the topic, its offsets, its queues, and its retries by groups that pop', async () => {
    const retries = ['%RETRY%shop+orders', '%RETRY%shop_orders']
    for (const name of ['orders', 'other', '%RETRY%shop', ...retries]) {
      topics.put(topicConfig(name, 1))
      offsets.commit('shop', name, 0, 5, 'test')
    }
    expect((await remove('orders')).code).toBe(ResponseCode.SUCCESS)
    expect(deleted).toEqual(['orders', ...retries])
    expect(offsets.topicsOf('shop')).toEqual(['other', '%RETRY%shop'])
    const saved = savedTopics().topicConfigTable
    expect(deleted.filter((name) => saved.has(name))).toEqual([])
    expect(saved.has('other')).toBe(true)
    const savedOffsets = readFileSync(join(directory, 'consumerOffset.json'), 'utf8')
    expect(savedOffsets).not.toContain('orders@')
  })

  test('of a topic that has a name of old works too', async () => {
    topics.put(topicConfig('a.b', 1))
    expect((await remove('a.b')).code).toBe(ResponseCode.SUCCESS)
    expect(topics.find('a.b')).toBeUndefined()
  })

  test('of what is not there is no error', async () => {
    expect((await remove('none')).code).toBe(ResponseCode.SUCCESS)
  })

  test.each([
    [' ', 'The specified topic is blank.'],
    ['SELF_TEST_TOPIC', CONFLICT('SELF_TEST_TOPIC')],
    ['broker', CONFLICT('broker')],
  ])('of %j is refused', async (topic, remark) => {
    const answer = await remove(topic)
    expect(answer.code).toBe(ResponseCode.INVALID_PARAMETER)
    expect(answer.remark).toBe(remark)
    expect(deleted).toEqual([])
    expect(existsSync(join(directory, 'topics.json'))).toBe(false)
  })
})
