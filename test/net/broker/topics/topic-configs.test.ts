/**
 * Goal: the table of topics is RocketMQ's: the same topics from the start, the same rules for new
 * ones, and a file that either side reads.
 * Method: tables in folders of their own, held to the folder that a broker of Apache RocketMQ
 * 5.5.0 left behind.
 */
import { mkdirSync, readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import type { SystemTopicOptions } from '../../../../net/broker/topics/system-topics.ts'
import { systemTopics, topicConfig } from '../../../../net/broker/topics/system-topics.ts'
import type { Topic } from '../../../../net/broker/topics/topic.ts'
import { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { type TopicConfig, TopicConfigTable } from '../../../../net/protocol/topic-config.ts'
import { unpackStoreFixture } from '../../../helpers/store-fixtures.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

const OPTIONS: SystemTopicOptions = {
  clusterName: 'FixtureCluster',
  brokerName: 'fixture-a',
  autoCreateTopicEnable: true,
  defaultTopicQueueNums: 8,
  traceTopicEnable: false,
  msgTraceTopicName: 'RMQ_SYS_TRACE_TOPIC',
}
const TBW102 = 'TBW102'

let folder: TemporaryFolder
const opened: TopicConfigs[] = []

beforeEach(() => {
  folder = temporaryFolder('topics')
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((topics) => topics.save()))
  folder[Symbol.dispose]()
})

function open(changes: Partial<SystemTopicOptions> = {}, directory = folder.path): TopicConfigs {
  const topics = new TopicConfigs(directory, { ...OPTIONS, ...changes }, silentLogger)
  opened.push(topics)
  return topics
}

function send(
  topics: TopicConfigs,
  changes: Partial<Parameters<TopicConfigs['createForSend']>[0]>,
): Topic | undefined {
  return topics.createForSend({
    topic: 'orders',
    defaultTopic: TBW102,
    queueNums: 4,
    remoteAddress: '127.0.0.1:1',
    isUnit: false,
    ...changes,
  })
}

function byName(configs: Iterable<TopicConfig>): Record<string, TopicConfig> {
  return Object.fromEntries([...configs].map((config) => [config.topicName, config]))
}

describe('the topics of the system', () => {
  test('are those of Apache RocketMQ, with its queues and permissions', async () => {
    await using java = await unpackStoreFixture('broker')
    const path = join(java.directory, 'config', 'topics.json')
    const theirs = byName(
      decodeBody(TopicConfigTable, await readFile(path)).topicConfigTable.values(),
    )
    const users = ['Order', 'Payment', 'Reminder', '%RETRY%G-fixture']
    for (const user of users) delete theirs[user]
    const { rmq_sys_wheel_timer: timer, ...ours } = byName(systemTopics(OPTIONS))
    expect(ours).toEqual(theirs)
    // That broker ran without its timer wheel.
    expect(timer).toMatchObject({ readQueueNums: 1, writeQueueNums: 1, perm: 6 })
  })

  test('are nobody else to change, those named after cluster and broker among them', () => {
    const topics = open({ traceTopicEnable: true, msgTraceTopicName: 'traces' })
    const own = ['FixtureCluster', 'fixture-a', 'FixtureCluster_REPLY_TOPIC', 'traces', TBW102]
    expect(own.filter((name) => topics.isSystem(name))).toEqual(own)
    expect(open().isSystem('traces')).toBe(false)
    topics.put(topicConfig('orders', 1))
    expect(topics.isSystem('orders')).toBe(false)
  })

  test('depend on settings: TBW102 where topics are made, traces where kept', () => {
    expect(open({ autoCreateTopicEnable: false }).find(TBW102)).toBeUndefined()
    expect(open({ defaultTopicQueueNums: 3 }).find(TBW102)?.config).toMatchObject({
      readQueueNums: 3,
      writeQueueNums: 3,
      perm: 7,
    })
    expect(open().find('RMQ_SYS_TRACE_TOPIC')).toBeUndefined()
    expect(open({ traceTopicEnable: true }).find('RMQ_SYS_TRACE_TOPIC')?.config.perm).toBe(6)
  })
})

describe('the file', () => {
  test('of Apache RocketMQ is taken over, with its version', async () => {
    await using java = await unpackStoreFixture('broker')
    const path = join(java.directory, 'config', 'topics.json')
    const saved = decodeBody(TopicConfigTable, await readFile(path))
    const topics = open({}, join(java.directory, 'config'))
    expect(topics.find('Order')?.config).toEqual(saved.topicConfigTable.get('Order'))
    expect(topics.dataVersion).toEqual(saved.dataVersion)
  })

  test('has every member that Apache RocketMQ writes, and no other', async () => {
    const topics = open()
    topics.put({ ...topicConfig('orders', 2), attributes: new Map([['message.type', 'FIFO']]) })
    expect(await topics.save()).toBe(true)
    const saved = JSON.parse(readFileSync(join(folder.path, 'topics.json'), 'utf8'))
    expect(saved.dataVersion).toEqual({ ...topics.dataVersion })
    expect(saved.topicConfigTable.orders).toEqual({
      attributes: { 'message.type': 'FIFO' },
      order: false,
      perm: 6,
      readQueueNums: 2,
      topicFilterType: 'SINGLE_TAG',
      topicName: 'orders',
      topicSysFlag: 0,
      writeQueueNums: 2,
    })
    const again = open()
    expect(again.find('orders')?.config).toEqual(topics.find('orders')?.config)
    expect(again.dataVersion).toEqual(topics.dataVersion)
  })

  test('that is broken ends the start instead of being replaced', () => {
    const directory = join(folder.path, 'broken')
    mkdirSync(join(directory, 'topics.json'), { recursive: true })
    const start = () => new TopicConfigs(directory, OPTIONS, silentLogger)
    expect(start).toThrow(expect.objectContaining({ code: 'BROKER_TABLE_UNREADABLE' }))
  })
})

describe('a change', () => {
  test('has a version of its own and is told, a removal too', () => {
    const topics = open()
    const heard: string[] = []
    topics.onChange((topic) => heard.push(topic))
    const { counter } = topics.dataVersion
    topics.put(topicConfig('orders', 1))
    topics.put(topicConfig('orders', 2))
    topics.remove('orders')
    topics.remove('orders')
    expect(heard).toEqual(['orders', 'orders', 'orders'])
    expect(topics.dataVersion.counter).toBe(counter + 3)
    expect(topics.find('orders')).toBeUndefined()
  })

  test('of everything is told for every topic, under one version', () => {
    const topics = open()
    const heard = new Set<string>()
    topics.onChange((topic) => heard.add(topic))
    const { counter } = topics.dataVersion
    topics.renew()
    expect(heard.size).toBe(topics.size)
    expect(topics.dataVersion.counter).toBe(counter + 1)
  })

  test('leaves the topic in its place, also for those who find it by bytes', () => {
    const topics = open()
    const bytes = Buffer.from('<orders>')
    const find = () => topics.findBytes(bytes, 1, bytes.length - 1)
    expect(find()).toBeUndefined()
    const topic = topics.put(topicConfig('orders', 1))
    expect(topics.put(topicConfig('orders', 2))).toBe(topic)
    expect(find()).toBe(topic)
    expect(topic.config.readQueueNums).toBe(2)
    topics.remove('orders')
    expect(find()).toBeUndefined()
  })

  test('marks ordered topics once', () => {
    const topics = open()
    topics.put(topicConfig('orders', 1))
    topics.markOrdered(['orders', 'unknown'])
    const { counter } = topics.dataVersion
    expect(topics.find('orders')?.config.order).toBe(true)
    expect(topics.find('unknown')).toBeUndefined()
    topics.markOrdered(['orders'])
    expect(topics.dataVersion.counter).toBe(counter)
  })
})

describe('a topic made for its first message', () => {
  test.each([
    [4, 4],
    [16, 8],
    [0, 0],
    [-1, 0],
  ])('has the smaller of %i and the queues of its parent', (queueNums, expected) => {
    const config = send(open(), { queueNums })?.config
    expect(config).toEqual(topicConfig('orders', expected))
  })

  test('inherits permission and filter type, but not that it hands them on', () => {
    const topics = open()
    const parent = { ...topicConfig('parent', 2, 5), topicFilterType: 'MULTI_TAG' }
    topics.put(parent)
    expect(send(topics, { defaultTopic: 'parent', isUnit: true })?.config).toEqual({
      ...topicConfig('orders', 2, 4),
      topicFilterType: 'MULTI_TAG',
      topicSysFlag: 1,
    })
  })

  test('is not made of a parent that is missing or hands nothing on', () => {
    const topics = open()
    topics.put(topicConfig('parent', 2))
    expect(send(topics, { defaultTopic: 'parent' })).toBeUndefined()
    expect(send(topics, { defaultTopic: 'unknown' })).toBeUndefined()
    expect(topics.find('orders')).toBeUndefined()
  })

  test('is not made of TBW102 once that is off, even where it was saved', async () => {
    const options = { ...OPTIONS, autoCreateTopicEnable: true }
    const topics = open()
    topics.put(topicConfig('other', 1))
    await topics.save()
    const live = new TopicConfigs(folder.path, options, silentLogger)
    expect(live.find(TBW102)).toBeDefined()
    options.autoCreateTopicEnable = false
    expect(send(live, {})).toBeUndefined()
  })
})

test("the topic of a group's retries is made once", () => {
  const topics = open()
  const topic = topics.createRetryTopic('shop', 2, true)
  expect(topic.config).toEqual({ ...topicConfig('%RETRY%shop', 2), topicSysFlag: 2 })
  expect(topics.createRetryTopic('shop', 5)).toBe(topic)
  expect(topic.config.readQueueNums).toBe(2)
})

test('a topic knows its queues and what may be done with it', () => {
  const topic = open().put({ ...topicConfig('orders', 2, 4), writeQueueNums: 3 })
  expect([-1, 0, 2, 3].map((queueId) => topic.hasQueue(queueId))).toEqual([
    false,
    true,
    true,
    false,
  ])
  expect([topic.isReadable, topic.isWritable]).toEqual([true, false])
})
