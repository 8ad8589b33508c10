/**
 * Goal: messages that come back are stored for another try, or as dead letters, as Java's broker
 * does it: names, queues, levels, properties and answers.
 * Method: a running broker and raw commands; one retry is held to the record that a broker of
 * Apache RocketMQ 5.5.0 wrote.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { encodeProperties } from '../../../../engine/format/properties-codec.ts'
import { decodeMessage, type StoredMessage } from '../../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { createRequest } from '../../../../net/remoting/remoting-command.ts'
import { RunningStandalone, sendFields } from '../../../helpers/running-standalone.ts'
import { readExpectedStore } from '../../../helpers/store-fixtures.ts'

const { CONSUMER_SEND_MSG_BACK, LOCK_BATCH_MQ, SEND_MESSAGE_V2 } = RequestCode
const { VIEW_BROKER_STATS_DATA } = RequestCode
const { UPDATE_AND_CREATE_SUBSCRIPTIONGROUP } = RequestCode
const GROUP = 'readers'
const RETRY = `%RETRY%${GROUP}`
const DEAD = `%DLQ%${GROUP}`
const SCHEDULE = 'SCHEDULE_TOPIC_XXXX'

type Fields = Readonly<Record<string, string | number | boolean>>

async function send(
  running: RunningStandalone,
  properties: Readonly<Record<string, string>> = {},
  fields: Fields = {},
): Promise<StoredMessage> {
  const i = encodeProperties(new Map(Object.entries(properties))).toString()
  const answer = await running.ask(SEND_MESSAGE_V2, sendFields('T', { i, ...fields }))
  expect(answer.code, answer.remark).toBe(0)
  return lastOf(running)
}

/** The record that was stored last. */
async function lastOf(running: RunningStandalone): Promise<StoredMessage> {
  const { store } = running.server.broker
  const record = await store.readRecord(store.log.lastPhysicalOffset)
  return decodeMessage(record ?? Buffer.alloc(0))
}

function back(
  running: RunningStandalone,
  offset: number,
  fields: Fields = {},
): Promise<RemotingCommand> {
  return running.ask(CONSUMER_SEND_MSG_BACK, { offset, group: GROUP, delayLevel: 0, ...fields })
}

async function updateGroup(running: RunningStandalone, config: object): Promise<void> {
  const body = Buffer.from(JSON.stringify({ groupName: GROUP, ...config }))
  const answer = await running.ask(UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, body)
  expect(answer.code).toBe(0)
}

describe('a message that comes back', () => {
  test.each([
    [RETRY, 0],
    [DEAD, -1],
  ])('is answered when %s is on the disk', async (topic, delayLevel) => {
    await using running = await RunningStandalone.start()
    const sent = await send(running)
    expect((await back(running, sent.physicalOffset, { delayLevel })).code).toBe(0)
    const table = readFileSync(join(running.directory, 'config', 'topics.json'), 'utf8')
    expect(table).toContain(`"${topic}"`)
  })

  test.each([0, -1])(
    'at level %i is counted for the topic it first came to',
    async (delayLevel) => {
      await using running = await RunningStandalone.start()
      const first = await send(running)
      expect((await back(running, first.physicalOffset, { delayLevel })).code).toBe(0)
      // And once more from where it waits now.
      const waiting = await lastOf(running)
      expect((await back(running, waiting.physicalOffset, { delayLevel })).code).toBe(0)
      const view = (statsKey: string) =>
        running.ask(VIEW_BROKER_STATS_DATA, { statsName: 'SNDBCK_PUT_NUMS', statsKey })
      expect((await view(`T@${GROUP}`)).code).toBe(0)
      expect((await view(`${waiting.topic}@${GROUP}`)).code).toBe(ResponseCode.SYSTEM_ERROR)
    },
  )

  test('waits for its next try as the one that Java stored', async () => {
    const java = (await readExpectedStore('broker')).messages.find(
      ({ topic, properties }) =>
        topic === SCHEDULE && properties['REAL_TOPIC']?.startsWith('%RETRY%'),
    )
    await using running = await RunningStandalone.start()
    const sent = await send(
      running,
      { KEYS: 'key-3', TAGS: 'odd', number: '3', UNIQ_KEY: 'u', WAIT: 'true', DELAY: '1' },
      { g: 5, h: 9, f: 1 },
    )
    const answer = await back(running, sent.physicalOffset, { originMsgId: 'ignored' })
    expect(answer).toMatchObject({ code: ResponseCode.SUCCESS, remark: undefined })
    const stored = await lastOf(running)
    expect(stored).toMatchObject({ topic: SCHEDULE, queueId: 2, reconsumeTimes: 1, flag: 9 })
    const { bornTimestampMs, bornHost, body, sysFlag } = sent
    expect(stored).toMatchObject({ bornTimestampMs, bornHost, body, sysFlag })
    const names = [...stored.properties.keys()]
    expect(new Set(names)).toEqual(new Set(Object.keys(java?.properties ?? {})))
    expect(Object.fromEntries(stored.properties)).toMatchObject({
      RETRY_TOPIC: SCHEDULE,
      ORIGIN_MESSAGE_ID: sent.messageId,
      DELAY: '3',
      REAL_TOPIC: RETRY,
      REAL_QID: '0',
      WAIT: 'false',
      UNIQ_KEY: 'u',
    })
  })

  test('keeps its first topic and id, and waits longer each time', async () => {
    await using running = await RunningStandalone.start()
    const first = { RETRY_TOPIC: 'Origin', ORIGIN_MESSAGE_ID: 'first', DELAY: '6' }
    const sent = await send(running, { ...first, DELAY: '0' }, { j: 4 })
    await back(running, sent.physicalOffset)
    const stored = await lastOf(running)
    expect(stored).toMatchObject({ topic: SCHEDULE, queueId: 6, reconsumeTimes: 5 })
    expect(Object.fromEntries(stored.properties)).toMatchObject({ ...first, DELAY: '7' })
    await back(running, sent.physicalOffset, { delayLevel: 2 })
    expect(await lastOf(running)).toMatchObject({ topic: SCHEDULE, queueId: 1 })
    await back(running, sent.physicalOffset, { delayLevel: 77 })
    const longest = await lastOf(running)
    expect(longest).toMatchObject({ topic: SCHEDULE, queueId: 17 })
    expect(longest.properties.get('DELAY')).toBe('18')
  })

  test('comes to a queue of its group, as many as the group wants', async () => {
    await using running = await RunningStandalone.start({ store: { delayLevels: '1s' } })
    await updateGroup(running, { retryQueueNums: 3 })
    const sent = await send(running)
    for (let count = 0; count < 20; count += 1) await back(running, sent.physicalOffset)
    const { store } = running.server.broker
    const ends = () => [0, 1, 2, 3].map((queueId) => store.maxQueueOffset(RETRY, queueId))
    const sum = () => ends().reduce((total, end) => total + end, 0)
    await expect.poll(sum).toBe(20)
    expect(ends()[3]).toBe(0)
  })

  test.each<[string, object, Fields, number, boolean]>([
    ['the last try of a group', {}, {}, 16, true],
    ['the try before', {}, {}, 15, false],
    ['the last try of a group with a limit', { retryMaxTimes: 2 }, {}, 2, true],
    [
      'a limit of the request goes before',
      { retryMaxTimes: 2 },
      { maxReconsumeTimes: 5 },
      4,
      false,
    ],
    ['the last try of a request', {}, { maxReconsumeTimes: 5 }, 5, true],
    ['a consumer that gives up', {}, { delayLevel: -1 }, 0, true],
  ])('%s', async (_what, config, fields, reconsumeTimes, isDead) => {
    await using running = await RunningStandalone.start()
    await updateGroup(running, config)
    const sent = await send(running, { DELAY: '0' }, { j: reconsumeTimes })
    expect((await back(running, sent.physicalOffset, fields)).code).toBe(0)
    const stored = await lastOf(running)
    expect(stored).toMatchObject({
      topic: isDead ? DEAD : SCHEDULE,
      reconsumeTimes: reconsumeTimes + 1,
    })
    if (!isDead) return
    expect(Object.fromEntries(stored.properties)).toMatchObject({
      RETRY_TOPIC: 'T',
      ORIGIN_MESSAGE_ID: sent.messageId,
      DELAY: '0',
    })
    const answer = await running.ask(RequestCode.GET_TOPIC_CONFIG, { topic: DEAD })
    expect(JSON.parse(answer.body.toString())).toMatchObject({ readQueueNums: 1, perm: 6 })
  })

  test('a client older than 3.4.9 has no say in the number of tries', async () => {
    await using running = await RunningStandalone.start()
    const sent = await send(running, {}, { j: 3 })
    const fields = { offset: sent.physicalOffset, group: GROUP, delayLevel: 0 }
    const extFields = new Map(
      Object.entries({ ...fields, maxReconsumeTimes: 1 }).map(([name, value]) => [
        name,
        String(value),
      ]),
    )
    const request = createRequest(CONSUMER_SEND_MSG_BACK, { extFields })
    request.version = 120
    const answer = await running.client.invoke(running.server.brokerAddress, request, 5_000)
    expect(answer.code).toBe(0)
    expect(await lastOf(running)).toMatchObject({ topic: SCHEDULE })
  })

  test('of a group without retries is dropped', async () => {
    await using running = await RunningStandalone.start()
    await updateGroup(running, { retryQueueNums: 0 })
    const sent = await send(running)
    expect((await back(running, sent.physicalOffset)).code).toBe(0)
    expect((await lastOf(running)).physicalOffset).toBe(sent.physicalOffset)
  })
})

describe('a send back is refused', () => {
  test.each([
    [
      'an offset where no message is',
      {},
      { offset: 7 },
      ResponseCode.SYSTEM_ERROR,
      'offset failed, 7',
    ],
    [
      'an unknown group',
      { autoCreateSubscriptionGroup: false },
      {},
      ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
      'subscription group not exist, readers',
    ],
  ])('for %s', async (_what, settings, fields, code, remark) => {
    await using running = await RunningStandalone.start(settings)
    const sent = await send(running)
    const answer = await back(running, sent.physicalOffset, fields)
    expect(answer.code).toBe(code)
    expect(answer.remark).toContain(remark)
    expect((await lastOf(running)).physicalOffset).toBe(sent.physicalOffset)
  })

  test('for a broker and a topic that may not be written', async () => {
    await using running = await RunningStandalone.start()
    const sent = await send(running)
    await back(running, sent.physicalOffset)
    const config = { topic: RETRY, defaultTopic: 'TBW102', readQueueNums: 1, writeQueueNums: 1 }
    const readOnly = { ...config, perm: 4, topicFilterType: 'SINGLE_TAG', order: false }
    await running.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, readOnly)
    const ofTopic = await back(running, sent.physicalOffset)
    expect(ofTopic.code).toBe(ResponseCode.NO_PERMISSION)
    expect(ofTopic.remark).toContain(RETRY)
    const settings = Buffer.from('brokerPermission=4\n')
    await running.ask(RequestCode.UPDATE_BROKER_CONFIG, {}, settings)
    const ofBroker = await back(running, sent.physicalOffset)
    expect(ofBroker.code).toBe(ResponseCode.NO_PERMISSION)
    expect(ofBroker.remark).toContain('the broker')
  })
})

describe('a retry that a client sends itself', () => {
  const retry = { b: RETRY, e: 0, i: encodeProperties(new Map([['DELAY', '4']])).toString() }

  test.each<[string, Fields, boolean]>([
    ['waits by its level', { j: 16 }, false],
    ['is a dead letter when it is one too many', { j: 17 }, true],
    ['is a dead letter when the request says so', { j: 3, l: 2 }, true],
    ['is tried as often as the request says', { j: 3, l: 3 }, false],
  ])('%s', async (_what, fields, isDead) => {
    await using running = await RunningStandalone.start()
    const stored = await send(running, {}, { ...retry, ...fields })
    expect(stored).toMatchObject({ topic: isDead ? DEAD : SCHEDULE, queueId: isDead ? 0 : 3 })
    expect(stored.properties.get('DELAY')).toBe(isDead ? '-1' : '4')
  })

  test('is a dead letter of a group that consumes in order', async () => {
    await using running = await RunningStandalone.start()
    const mqSet = [{ topic: 'T', brokerName: running.server.broker.config.brokerName, queueId: 0 }]
    const lock = Buffer.from(JSON.stringify({ consumerGroup: GROUP, clientId: 'c', mqSet }))
    expect((await running.ask(LOCK_BATCH_MQ, {}, lock)).code).toBe(0)
    const stored = await send(running, {}, { ...retry, j: 1 })
    expect(stored).toMatchObject({ topic: DEAD, reconsumeTimes: 1 })
  })
})
