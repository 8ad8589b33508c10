/**
 * Goal: a consumer answers what brokers ask of it, so that administrators see and steer it.
 * Method: a fake broker asks over the consumer's own connection.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { LitePullConsumer } from '../../../net/client/lite-pull-consumer.ts'
import type { PushConsumerOptions } from '../../../net/client/push-consumer-options.ts'
import {
  ConsumeMessageDirectlyResult,
  ConsumerRunningInfo,
} from '../../../net/protocol/consumer-running-info.ts'
import { GetConsumerStatusBody } from '../../../net/protocol/consumer-status.ts'
import { decodeBody, encodeBody } from '../../../net/protocol/json-shape.ts'
import type { MessageQueue } from '../../../net/protocol/message-queue.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResetOffsetBody } from '../../../net/protocol/reset-offset.ts'
import {
  createRequest,
  EMPTY_BODY,
  type RemotingCommand,
} from '../../../net/remoting/remoting-command.ts'
import { GROUP, PushPlace, RETRY } from './push-place.ts'

const place = new PushPlace()

const QUEUE: MessageQueue = { topic: 'T', brokerName: 'broker-a', queueId: 0 }

function ask(
  code: number,
  extFields: Readonly<Record<string, string>>,
  body: Buffer = EMPTY_BODY,
): Promise<RemotingCommand> {
  const [connection] = place.peer.connections
  const request = createRequest(code, { extFields: new Map(Object.entries(extFields)), body })
  return connection!.invoke(request, 10_000)
}

function resetTo(offset: number, topic = 'T', group = GROUP): Promise<RemotingCommand> {
  const header = { topic, group, timestamp: '0', isForce: 'true' }
  const body = encodeBody(ResetOffsetBody, { offsetTable: [[QUEUE, offset]] })
  return ask(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, header, body)
}

async function runningInfo(jstackEnable = 'false'): Promise<ConsumerRunningInfo> {
  const header = { consumerGroup: GROUP, clientId: 'any', jstackEnable }
  const { body, code } = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, header)
  expect(code).toBe(0)
  return decodeBody(ConsumerRunningInfo, body)
}

test.each(['concurrently', 'orderly'] as const)(
  'an offset that an administrator resets is gone on from and kept: %s',
  async (consumeMode) => {
    place.append('a', 'b', 'c')
    const bodies = await place.collect({ consumeMode })
    await expect.poll(() => bodies).toEqual(['a', 'b', 'c'])
    expect((await resetTo(1)).code).toBe(0)
    await expect.poll(() => bodies).toEqual(['a', 'b', 'c', 'b', 'c'])
    await place.consumers[0]!.close()
    expect(place.committed()).toBe(3)
  },
)

test('a reset wins over what is being consumed', async () => {
  place.append('a', 'b')
  const hold = deferred<void>()
  const seen: string[] = []
  await place.start({
    onMessage: async ([message]) => {
      seen.push(message!.body.toString())
      if (seen.length <= 2) await hold.promise
      return 'success'
    },
  })
  await expect.poll(() => seen).toEqual(['a', 'b'])
  await resetTo(2)
  expect(place.committed()).toBe(2)
  await resetTo(0)
  expect(place.committed()).toBe(0)
  hold.resolve()
  await expect.poll(() => seen).toEqual(['a', 'b', 'a', 'b'])
})

test('a reset of another topic or group, or of queues of others, changes nothing', async () => {
  place.append('a')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a'])
  await resetTo(0, 'U')
  expect((await resetTo(0, 'T', 'others')).code).toBe(1)
  await sleep(30)
  expect(bodies).toEqual(['a'])
})

test('the status tells how far the consumer is in a topic', async () => {
  place.append('a', 'b')
  const bodies = await place.collect()
  await expect.poll(() => bodies).toEqual(['a', 'b'])
  const statusOf = async (topic: string) => {
    const code = RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT
    const { body } = await ask(code, { topic, group: GROUP })
    return decodeBody(GetConsumerStatusBody, body).messageQueueTable
  }
  await expect
    .poll(() => statusOf('T'))
    .toEqual([
      [QUEUE, 2],
      [{ ...QUEUE, queueId: 1 }, 0],
    ])
  expect((await statusOf('')).length).toBe(3)
  expect(await statusOf('U')).toEqual([])
})

test('the running info tells what the consumer is and does', async () => {
  const startedAtMs = Date.now()
  place.append('a', 'b', 'waits', 'waits')
  const hold = deferred<void>()
  await place.start({
    consumeConcurrency: 3,
    subscriptions: { T: '*' },
    onMessage: async ([message]) => {
      if (message!.body.toString() === 'waits') await hold.promise
      return 'success'
    },
  })
  await expect.poll(async () => (await runningInfo()).statusTable.get('T')!.consumeOKTPS).toBe(0.2)
  const info = await runningInfo()
  hold.resolve()
  expect(Object.fromEntries(info.properties)).toMatchObject({
    PROP_NAMESERVER_ADDR: `${place.cluster.nameServer.address};`,
    PROP_CONSUME_TYPE: 'CONSUME_PASSIVELY',
    PROP_CLIENT_VERSION: 'V5_5_0',
    PROP_CONSUMEORDERLY: 'false',
    PROP_THREADPOOL_CORE_SIZE: '3',
    consumerGroup: GROUP,
    messageModel: 'CLUSTERING',
  })
  expect(Number(info.properties.get('PROP_CONSUMER_START_TIMESTAMP'))).toBeGreaterThanOrEqual(
    startedAtMs,
  )
  expect(info.subscriptionSet.map(({ topic }) => topic)).toEqual(['T', RETRY])
  const [queue, state] = info.mqTable.find(
    ([{ topic, queueId }]) => topic === 'T' && queueId === 0,
  )!
  expect(queue).toEqual(QUEUE)
  expect(state).toMatchObject({
    cachedMsgCount: 2,
    cachedMsgMinOffset: 2,
    cachedMsgMaxOffset: 3,
    commitOffset: 2,
    droped: false,
    locked: false,
  })
  expect(state.lastPullTimestamp).toBeGreaterThanOrEqual(startedAtMs)
  expect(state.lastConsumeTimestamp).toBeGreaterThanOrEqual(startedAtMs)
  const status = info.statusTable.get('T')!
  // Four messages in ten seconds, the shortest time that a rate is told of.
  expect(status).toMatchObject({ pullTPS: 0.4, consumeFailedTPS: 0, consumeFailedMsgs: 0 })
  expect(info.jstack).toBeUndefined()
  expect((await runningInfo('true')).jstack).toContain(process.version)
})

test('the running info of an orderly consumer tells of its locks', async () => {
  await place.start({ consumeMode: 'orderly' })
  const info = await runningInfo()
  expect(info.properties.get('PROP_CONSUMEORDERLY')).toBe('true')
  expect(
    info.mqTable.every(([, { locked, lastLockTimestamp }]) => locked && lastLockTimestamp > 0),
  ).toBe(true)
})

test('a lite pull consumer tells of itself too', async () => {
  place.append('a')
  await using consumer = await LitePullConsumer.start({
    nameServers: [place.cluster.nameServer.address],
    group: GROUP,
    subscriptions: { T: '*' },
    consumeFrom: 'first',
  })
  expect(consumer.status).toBe('open')
  await expect
    .poll(async () => (await runningInfo()).mqTable.map(([, each]) => each.cachedMsgCount))
    .toEqual(expect.arrayContaining([0, 1]))
  const { properties } = await runningInfo()
  expect(properties.get('PROP_CONSUME_TYPE')).toBe('CONSUME_ACTIVELY')
})

const OUTCOMES: readonly [string, PushConsumerOptions['onMessage'], object][] = [
  ['CR_SUCCESS', async () => 'success', { order: false, autoCommit: true }],
  ['CR_LATER', async () => 'later', { remark: undefined }],
  ['CR_RETURN_NULL', async () => undefined as never, {}],
  ['CR_THROW_EXCEPTION', async () => Promise.reject(new Error('no!')), { remark: 'no!' }],
]

test.each(OUTCOMES)(
  'a message that is given directly ends as %s',
  async (name, onMessage, more) => {
    place.append('elsewhere')
    const record = place.broker.recordOf('T', 0, 0)
    place.broker.trim('T', 0, 1)
    const seen: string[] = []
    await place.start({
      consumeFrom: 'last',
      onMessage: async (messages, context) => {
        expect(context.queue).toEqual(QUEUE)
        seen.push(...messages.map(({ body, topic }) => `${topic} ${body.toString()}`))
        return onMessage(messages, context)
      },
    })
    const header = { consumerGroup: GROUP, clientId: 'any', msgId: 'any', brokerName: 'broker-a' }
    const { body } = await ask(RequestCode.CONSUME_MESSAGE_DIRECTLY, header, record)
    const result = decodeBody(ConsumeMessageDirectlyResult, body)
    expect(result).toMatchObject({ consumeResult: name, ...more })
    expect(seen).toEqual(['T elsewhere'])
    expect(place.peer.requestsOf(RequestCode.CONSUMER_SEND_MSG_BACK)).toEqual([])
  },
)

test.each([
  [RequestCode.GET_CONSUMER_RUNNING_INFO, {}],
  [RequestCode.CONSUME_MESSAGE_DIRECTLY, {}],
])('request %i about another group is refused with its name', async (code, more) => {
  await place.start()
  const response = await ask(code, { consumerGroup: 'others', clientId: 'any', ...more })
  expect(response.code).toBe(1)
  expect(response.remark).toContain('<others>')
})

test('a change of the group is acted upon at once', async () => {
  await place.start({ rebalanceIntervalMs: 60_000 })
  const lists = (): number => place.peer.requestsOf(RequestCode.GET_CONSUMER_LIST_BY_GROUP).length
  const before = lists()
  const [connection] = place.peer.connections
  const extFields = new Map([['consumerGroup', GROUP]])
  place.peer.pushTo(connection!, RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, extFields)
  await expect.poll(lists).toBeGreaterThan(before)
})
