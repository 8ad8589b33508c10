/**
 * Goal: brokers register, stay and go as with Java's name server.
 * Method: a live name server and raw commands, among them the bodies that Java's classes wrote.
 */
import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { DataVersion } from '../../../net/protocol/data-version.ts'
import { decodeBody, encodeBody } from '../../../net/protocol/json-shape.ts'
import { bodyCrc32 } from '../../../net/protocol/register-broker-body.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { KVTable } from '../../../net/protocol/runtime-info.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import { BROKER, BROKER_FIELDS, LiveNameServer, until } from './live-name-server.ts'
import { topicConfig, VERSION_1, VERSION_2 } from './registrations.ts'

const FRAMES = new URL('../../../../test/fixtures/frames/', import.meta.url)

/** Longer than a busy machine keeps a process waiting. */
const LIFE_MS = 2_500

let live: LiveNameServer
beforeEach(async () => {
  live = await LiveNameServer.start({ scanIntervalMs: 10 })
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
})

const REGISTER_FIELDS = { ...BROKER_FIELDS, haServerAddr: '192.0.2.1:10912' }

test.each([
  ['as JSON', 'register-broker-103.json', {}],
  ['deflated', 'register-broker-compressed-103.bin', { compressed: 'true' }],
])("Java's registration %s is taken", async (_how, file, fields) => {
  const body = readFileSync(new URL(file, FRAMES))
  const extFields = { ...REGISTER_FIELDS, ...fields, bodyCrc32: String(bodyCrc32(body)) }
  const request = createRequest(RequestCode.REGISTER_BROKER, {
    extFields: new Map(Object.entries(extFields)),
    body,
  })
  const answer = await live.client().invoke(live.server.address, request, 5_000)
  expect([answer.code, answer.remark]).toEqual([0, undefined])
  const route = await live.route('TopicTest')
  expect(route?.queueDatas).toEqual([
    { brokerName: 'broker-a', perm: 6, readQueueNums: 4, topicSysFlag: 0, writeQueueNums: 4 },
  ])
  expect(route?.filterServerTable).toEqual(new Map([['192.0.2.1:10911', ['192.0.2.20:30000']]]))
  const version = await live.ask(RequestCode.QUERY_DATA_VERSION, BROKER_FIELDS)
  expect(decodeBody(DataVersion, version.body)).toEqual({
    counter: 3,
    stateVersion: 5,
    timestamp: 1_700_000_000_789,
  })
})

test('a registration of a broker older than 3.0.11 has its topics alone as the body', async () => {
  const body = JSON.stringify({
    dataVersion: { counter: 1, timestamp: 2 },
    topicConfigTable: { 'old-1': { topicName: 'old-1' }, 'old-2': { topicName: 'old-2', perm: 4 } },
  })
  const request = createRequest(RequestCode.REGISTER_BROKER, {
    extFields: new Map(Object.entries(REGISTER_FIELDS)),
    body: Buffer.from(body),
  })
  request.version = 36
  expect((await live.client().invoke(live.server.address, request, 5_000)).code).toBe(0)
  expect((await live.route('old-2'))?.queueDatas[0]?.perm).toBe(4)
})

test('a body whose CRC-32 is not that of the header is refused', async () => {
  const answer = await live.register({ bodyCrc32: 12_345 })
  expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
  expect(answer.remark).toContain('CRC-32')
  expect(await live.route('topic-1')).toBeUndefined()
  expect((await live.register({ bodyCrc32: 0 })).code).toBe(0)
})

test('a broker without a body has no topics', async () => {
  expect((await live.ask(RequestCode.REGISTER_BROKER, REGISTER_FIELDS)).code).toBe(0)
  const answer = await live.ask(RequestCode.QUERY_DATA_VERSION, BROKER_FIELDS)
  expect(decodeBody(DataVersion, answer.body)).toEqual({
    counter: 0,
    stateVersion: 0,
    timestamp: 0,
  })
})

test.each(['brokerName', 'brokerAddr', 'clusterName', 'haServerAddr', 'brokerId'])(
  'a registration without %s is refused',
  async (name) => {
    const { [name]: _left, ...fields } = REGISTER_FIELDS as Record<string, string>
    const answer = await live.ask(RequestCode.REGISTER_BROKER, fields)
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain(name)
  },
)

test.each(['{', 'null', '[]', '{"topicConfigSerializeWrapper":{"topicConfigTable":[]}}'])(
  'a registration with the body %s is refused, and the connection goes on',
  async (text) => {
    const answer = await live.ask(RequestCode.REGISTER_BROKER, REGISTER_FIELDS, Buffer.from(text))
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect((await live.register()).code).toBe(0)
  },
)

test('a single topic before all of them is refused', async () => {
  const single = { topics: [topicConfig('topic-1')] }
  expect((await live.register({}, single)).code).toBe(ResponseCode.SYSTEM_ERROR)
  await live.register()
  expect((await live.register({}, { ...single, dataVersion: VERSION_2 })).code).toBe(0)
})

test('a slave is answered with its master', async () => {
  const master = await live.register()
  expect(master.extFields.size).toBe(0)
  const slave = await live.register({ brokerId: 1, brokerAddr: '192.0.2.2:10911' })
  expect(Object.fromEntries(slave.extFields)).toEqual({
    haServerAddr: '192.0.2.1:10912',
    masterAddr: '192.0.2.1:10911',
  })
})

test('an id that somebody with a newer state holds is not taken over', async () => {
  await live.register({}, { dataVersion: { ...VERSION_1, stateVersion: 2 } })
  const answer = await live.register({ brokerAddr: '192.0.2.9:10911' })
  expect([answer.code, answer.extFields.size, answer.body.length]).toEqual([0, 0, 0])
  const addresses = (await live.route('topic-1'))?.brokerDatas[0]?.brokerAddrs
  expect(addresses).toEqual(new Map([[0, '192.0.2.1:10911']]))
})

test('a registration is answered with the queues of ordered topics', async () => {
  expect((await live.register()).body.length).toBe(0)
  const config = { namespace: 'ORDER_TOPIC_CONFIG', key: 'topic-1', value: 'broker-a:8' }
  await live.ask(RequestCode.PUT_KV_CONFIG, config)
  const { body } = await live.register()
  expect(decodeBody(KVTable, body)).toEqual({ table: new Map([['topic-1', 'broker-a:8']]) })
  const off = Buffer.from('returnOrderTopicConfigToBroker=false')
  await live.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, off)
  expect((await live.register()).body.length).toBe(0)
})

test('a broker asks whether its topics are still those that are known', async () => {
  const ask = (version: DataVersion): Promise<RemotingCommand> =>
    live.ask(RequestCode.QUERY_DATA_VERSION, BROKER_FIELDS, encodeBody(DataVersion, version))
  const unknown = await ask(VERSION_1)
  expect([unknown.extFields.get('changed'), unknown.body.length]).toEqual(['true', 0])
  await live.register()
  expect((await ask(VERSION_1)).extFields.get('changed')).toBe('false')
  const newer = await ask(VERSION_2)
  expect(newer.extFields.get('changed')).toBe('true')
  expect(decodeBody(DataVersion, newer.body)).toEqual(VERSION_1)
})

test('a broker that unregisters is gone with its topics', async () => {
  await live.register()
  expect((await live.ask(RequestCode.UNREGISTER_BROKER, BROKER_FIELDS)).code).toBe(0)
  expect(await live.route('topic-1')).toBeUndefined()
  expect((await live.ask(RequestCode.UNREGISTER_BROKER, BROKER_FIELDS)).code).toBe(0)
})

test('a broker whose connection is lost is gone at once', async () => {
  const broker = live.client()
  await live.register({}, { peer: broker })
  await live.register(
    { brokerName: 'broker-b', brokerAddr: '192.0.2.2:10911' },
    { topics: [topicConfig('topic-2'), topicConfig('topic-3')] },
  )
  await broker.destroy(new Error('pulled the plug'))
  const gone = await until(
    () => live.route('topic-1'),
    (route) => route === undefined,
  )
  expect(gone).toBeUndefined()
  const brokers = (await live.route('topic-2'))?.brokerDatas.map(({ brokerName }) => brokerName)
  expect(brokers).toEqual(['broker-b'])
})

test('a broker that is not heard of for its timeout is gone with its connection', async () => {
  const broker = live.client()
  const connection = await broker.connection(live.server.address)
  await live.register({ heartbeatTimeoutMillis: 50 }, { peer: broker })
  await live.register({ brokerName: 'broker-b', brokerAddr: '192.0.2.2:10911' })
  await connection.closed
  const brokers = (await live.route('topic-1'))?.brokerDatas.map(({ brokerName }) => brokerName)
  expect(brokers).toEqual(['broker-b'])
})

test('the expiry of one broker does not end its neighbour on the same connection', async () => {
  const peer = live.client()
  // First the one that stays: what expires alone takes its connection with it.
  await live.register({ brokerName: 'broker-b', brokerAddr: '192.0.2.2:10911' }, { peer })
  await live.register({ heartbeatTimeoutMillis: 50 }, { peer })
  const route = await until(
    () => live.route('topic-1'),
    (found) => found?.brokerDatas.length === 1,
  )
  expect(route?.brokerDatas.map(({ brokerName }) => brokerName)).toEqual(['broker-b'])
  expect(peer.connections.size).toBe(1)
})

test.each([
  ['heartbeats', RequestCode.BROKER_HEARTBEAT],
  ['questions for its version', RequestCode.QUERY_DATA_VERSION],
])('a broker lives on by %s', async (_what, code) => {
  await live.register({ heartbeatTimeoutMillis: LIFE_MS })
  const endMs = performance.now() + 1.2 * LIFE_MS
  while (performance.now() < endMs) {
    expect((await live.ask(code, BROKER_FIELDS)).code).toBe(0)
    await sleep(10)
  }
  expect(await live.route('topic-1')).toBeDefined()
})

test('topics that a registration leaves out go when the settings say so', async () => {
  await live.register()
  const fewer = { topics: [topicConfig('topic-2'), topicConfig('topic-3')], dataVersion: VERSION_2 }
  await live.register({}, fewer)
  expect(await live.route('topic-1')).toBeDefined()
  const on = Buffer.from('deleteTopicWithBrokerRegistration=true')
  await live.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, on)
  await live.register({}, fewer)
  expect(await live.route('topic-1')).toBeUndefined()
})

test('brokers are told when the lowest id of their group changes, if that is wished', async () => {
  const told: RemotingCommand[] = []
  await using slave = await RemotingServer.listen(
    {},
    {
      route: (code) =>
        code === RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE
          ? (request) => {
              told.push(request)
              return createResponse(request, 0)
            }
          : undefined,
    },
  )
  const acting = { enableActingMaster: true }
  await live.register(acting)
  await live.register({ ...acting, brokerId: 1, brokerAddr: slave.address })
  await live.ask(RequestCode.UNREGISTER_BROKER, BROKER_FIELDS)
  await live.register(acting)
  const on = Buffer.from('notifyMinBrokerIdChanged=true')
  await live.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, on)
  await live.ask(RequestCode.UNREGISTER_BROKER, BROKER_FIELDS)
  await until(
    () => Promise.resolve(told.length),
    (count) => count > 0,
  )
  expect(told.map(({ extFields }) => Object.fromEntries(extFields))).toEqual([
    {
      brokerName: 'broker-a',
      minBrokerAddr: slave.address,
      minBrokerId: '1',
      offlineBrokerAddr: BROKER.brokerAddr,
    },
  ])
})
