/**
 * Goal: clients and administrators are answered as by Java's name server, code by code.
 * Method: a live name server, brokers that registered by raw commands, raw questions.
 */
import { afterEach, beforeEach, expect, test } from 'vitest'
import {
  BrokerMemberGroupBody,
  ClusterInfo,
  GetBrokerMemberGroupRequestHeader,
} from '../../../net/protocol/cluster-info.ts'
import { decodeBody, encodeBody } from '../../../net/protocol/json-shape.ts'
import { TopicList } from '../../../net/protocol/name-server-topic.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest, markOneway } from '../../../net/remoting/remoting-command.ts'
import { fieldsOf, LiveNameServer } from './live-name-server.ts'
import { topicConfig } from './registrations.ts'

let live: LiveNameServer
beforeEach(async () => {
  live = await LiveNameServer.start()
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
})

/** A second cluster with topics `topic-2` and `topic-3`. */
const OTHER = {
  brokerName: 'broker-b',
  brokerAddr: '192.0.2.5:10911',
  clusterName: 'cluster-2',
}
const OTHER_TOPICS = { topics: [topicConfig('topic-2'), topicConfig('topic-3')] }

function topicsIn(answer: RemotingCommand): string[] {
  expect([answer.code, answer.remark]).toEqual([ResponseCode.SUCCESS, undefined])
  return decodeBody(TopicList, answer.body).topicList.sort()
}

async function change(settings: string): Promise<void> {
  const answer = await live.ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, Buffer.from(settings))
  expect(answer.code).toBe(ResponseCode.SUCCESS)
}

test.each([{}, { acceptStandardJsonOnly: 'true' }, { acceptStandardJsonOnly: 'false' }])(
  'a route is standard JSON with quoted keys, asked with %j',
  async (fields) => {
    await live.register()
    const answer = await live.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, {
      topic: 'topic-1',
      ...fields,
    })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(JSON.parse(answer.body.toString())).toEqual({
      brokerDatas: [
        {
          brokerAddrs: { '0': '192.0.2.1:10911' },
          brokerName: 'broker-a',
          cluster: 'cluster-1',
          enableActingMaster: false,
        },
      ],
      filterServerTable: {},
      queueDatas: [
        { brokerName: 'broker-a', perm: 6, readQueueNums: 8, topicSysFlag: 0, writeQueueNums: 8 },
      ],
    })
  },
)

test('a route asked in the binary encoding is answered in it', async () => {
  await live.register()
  const extFields = new Map([['topic', 'topic-1']])
  const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { extFields }, 'ROCKETMQ')
  const answer = await live.client().invoke(live.server.address, request, 5_000)
  expect([answer.code, answer.serializeType]).toEqual([0, 'ROCKETMQ'])
  expect(decodeBody(TopicRouteData, answer.body).queueDatas.length).toBe(1)
})

test('a topic that nobody has is answered with TOPIC_NOT_EXIST and its name', async () => {
  const answer = await live.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'nowhere' })
  expect(answer.code).toBe(ResponseCode.TOPIC_NOT_EXIST)
  expect(answer.remark).toContain('nowhere')
  expect((await live.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC)).code).toBe(ResponseCode.SYSTEM_ERROR)
})

test('routes carry the queues of ordered topics when that is switched on', async () => {
  await live.register()
  const config = { namespace: 'ORDER_TOPIC_CONFIG', key: 'topic-1', value: 'broker-a:8' }
  await live.ask(RequestCode.PUT_KV_CONFIG, config)
  expect((await live.route('topic-1'))?.orderTopicConf).toBeUndefined()
  await change('orderMessageEnable=true')
  expect((await live.route('topic-1'))?.orderTopicConf).toBe('broker-a:8')
  expect((await live.route('topic-2'))?.orderTopicConf).toBeUndefined()
})

test('a client that asks for its zone gets the brokers of its zone', async () => {
  await live.register({}, { more: { __ZONE_NAME: 'east' } })
  await live.register(OTHER, { ...OTHER_TOPICS, more: { __ZONE_NAME: 'west' } })
  const brokers = async (fields: Readonly<Record<string, string>>): Promise<unknown> =>
    (await live.route('topic-2', fields))?.brokerDatas.map(({ brokerName }) => brokerName)
  expect(await brokers({ __ZONE_MODE: 'true', __ZONE_NAME: 'east' })).toEqual(['broker-a'])
  expect(await brokers({ __ZONE_MODE: 'false', __ZONE_NAME: 'east' })).toEqual([
    'broker-a',
    'broker-b',
  ])
  expect(await brokers({ __ZONE_MODE: 'true', __ZONE_NAME: ' ' })).toEqual(['broker-a', 'broker-b'])
})

test('routes of lost masters show a slave in their place when that is switched on', async () => {
  await live.register({ brokerId: 1, enableActingMaster: true })
  const address = async (): Promise<unknown> =>
    (await live.route('topic-1'))?.brokerDatas[0]?.brokerAddrs
  expect(await address()).toEqual(new Map([[1, '192.0.2.1:10911']]))
  await change('supportActingMaster=true')
  expect(await address()).toEqual(new Map([[0, '192.0.2.1:10911']]))
})

test('the cluster info has every broker and every cluster', async () => {
  await live.register()
  await live.register({ brokerId: 1, brokerAddr: '192.0.2.2:10911' })
  await live.register(OTHER, OTHER_TOPICS)
  const { body } = await live.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
  const { brokerAddrTable, clusterAddrTable } = decodeBody(ClusterInfo, body)
  expect(clusterAddrTable).toEqual(
    new Map([
      ['cluster-1', ['broker-a']],
      ['cluster-2', ['broker-b']],
    ]),
  )
  expect([...brokerAddrTable.keys()]).toEqual(['broker-a', 'broker-b'])
  expect(brokerAddrTable.get('broker-a')).toMatchObject({
    cluster: 'cluster-1',
    brokerAddrs: new Map([
      [0, '192.0.2.1:10911'],
      [1, '192.0.2.2:10911'],
    ]),
  })
  // Keys are quoted: Java reads them so or bare, others only so.
  expect(JSON.parse(body.toString())).toHaveProperty('brokerAddrTable.broker-b.brokerAddrs.0')
})

test('a member group has the addresses of a name, none when it is unknown', async () => {
  await live.register()
  const ask = async (brokerName: string): Promise<unknown> => {
    const fields = fieldsOf(GetBrokerMemberGroupRequestHeader, {
      clusterName: 'cluster-1',
      brokerName,
    })
    const { body } = await live.ask(RequestCode.GET_BROKER_MEMBER_GROUP, fields)
    return decodeBody(BrokerMemberGroupBody, body).brokerMemberGroup
  }
  const brokerAddrs = new Map([[0, '192.0.2.1:10911']])
  expect(await ask('broker-a')).toEqual({
    brokerAddrs,
    brokerName: 'broker-a',
    cluster: 'cluster-1',
  })
  expect(await ask('broker-z')).toEqual({
    brokerAddrs: new Map(),
    brokerName: 'broker-z',
    cluster: 'cluster-1',
  })
})

test('topics are listed in all, by cluster, and as names of clusters and brokers', async () => {
  const { GET_ALL_TOPIC_LIST_FROM_NAMESERVER: ALL, GET_TOPICS_BY_CLUSTER: BY_CLUSTER } = RequestCode
  const empty = await live.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)
  expect(JSON.parse(empty.body.toString())).toEqual({ topicList: [] })
  await live.register()
  await live.register(OTHER, OTHER_TOPICS)
  expect(topicsIn(await live.ask(ALL))).toEqual(['topic-1', 'topic-2', 'topic-3'])
  expect(topicsIn(await live.ask(BY_CLUSTER, { cluster: 'cluster-2' }))).toEqual([
    'topic-2',
    'topic-3',
  ])
  expect(topicsIn(await live.ask(BY_CLUSTER, { cluster: 'nowhere' }))).toEqual([])
  const system = await live.ask(RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS)
  expect(topicsIn(system)).toEqual(['broker-a', 'broker-b', 'cluster-1', 'cluster-2'])
  expect(decodeBody(TopicList, system.body).brokerAddr).toBe('192.0.2.1:10911')
})

test('topics are listed by their unit flags', async () => {
  const topics = [0, 1, 2, 3].map((flags) => topicConfig(`flags-${flags}`, { topicSysFlag: flags }))
  await live.register({}, { topics })
  const { GET_UNIT_TOPIC_LIST, GET_HAS_UNIT_SUB_TOPIC_LIST } = RequestCode
  const subUnUnit = RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST
  expect(topicsIn(await live.ask(GET_UNIT_TOPIC_LIST))).toEqual(['flags-1', 'flags-3'])
  expect(topicsIn(await live.ask(GET_HAS_UNIT_SUB_TOPIC_LIST))).toEqual(['flags-2', 'flags-3'])
  expect(topicsIn(await live.ask(subUnUnit))).toEqual(['flags-2'])
})

test('lists of topics can be switched off', async () => {
  await live.register()
  await change('enableAllTopicList=false\nenableTopicList=false')
  for (const code of [
    RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER,
    RequestCode.GET_TOPICS_BY_CLUSTER,
    RequestCode.GET_UNIT_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST,
    RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST,
  ]) {
    expect((await live.ask(code, { cluster: 'cluster-1' })).code).toBe(ResponseCode.SYSTEM_ERROR)
  }
})

test('a topic is registered and deleted by an administrator', async () => {
  await live.register()
  await live.register(OTHER, OTHER_TOPICS)
  const row = { perm: 6, readQueueNums: 2, topicSysFlag: 0, writeQueueNums: 2 }
  const route = (brokerName: string): Buffer =>
    encodeBody(TopicRouteData, {
      brokerDatas: [],
      filterServerTable: new Map(),
      orderTopicConf: undefined,
      queueDatas: [{ ...row, brokerName }],
      topicQueueMappingByBroker: undefined,
    })
  const { REGISTER_TOPIC_IN_NAMESRV: REGISTER, DELETE_TOPIC_IN_NAMESRV: DELETE } = RequestCode
  expect((await live.ask(REGISTER, { topic: 'extra' }, route('broker-a'))).code).toBe(0)
  expect((await live.ask(REGISTER, { topic: 'lost' }, route('broker-z'))).code).toBe(0)
  expect((await live.ask(REGISTER, { topic: 'bare' })).code).toBe(0)
  expect((await live.route('extra'))?.queueDatas).toEqual([{ ...row, brokerName: 'broker-a' }])
  expect(await live.route('lost')).toBeUndefined()
  expect(await live.route('bare')).toBeUndefined()
  await live.ask(DELETE, { topic: 'topic-2', clusterName: 'cluster-2' })
  expect((await live.route('topic-2'))?.brokerDatas.map((data) => data.brokerName)).toEqual([
    'broker-a',
  ])
  await live.ask(DELETE, { topic: 'topic-2' })
  expect(await live.route('topic-2')).toBeUndefined()
})

test('the write permission of a broker is wiped and added, and counted', async () => {
  await live.register()
  const perm = async (): Promise<unknown> => (await live.route('topic-1'))?.queueDatas[0]?.perm
  const wiped = await live.ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' })
  expect(Object.fromEntries(wiped.extFields)).toEqual({ wipeTopicCount: '2' })
  expect(await perm()).toBe(4)
  const added = await live.ask(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: 'broker-a' })
  expect(Object.fromEntries(added.extFields)).toEqual({ addTopicCount: '2' })
  expect(await perm()).toBe(6)
  const nobody = await live.ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'broker-z' })
  expect(nobody.extFields.get('wipeTopicCount')).toBe('0')
})

test('KV configs are put, asked, listed and deleted', async () => {
  const key = { namespace: 'NS', key: 'a' }
  expect((await live.ask(RequestCode.GET_KV_CONFIG, key)).code).toBe(ResponseCode.QUERY_NOT_FOUND)
  const unlisted = await live.ask(RequestCode.GET_KVLIST_BY_NAMESPACE, key)
  expect(unlisted.code).toBe(ResponseCode.QUERY_NOT_FOUND)
  expect((await live.ask(RequestCode.PUT_KV_CONFIG, { ...key, value: 'x y' })).code).toBe(0)
  const found = await live.ask(RequestCode.GET_KV_CONFIG, key)
  expect(found.extFields.get('value')).toBe('x y')
  const list = await live.ask(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace: 'NS' })
  expect(JSON.parse(list.body.toString())).toEqual({ table: { a: 'x y' } })
  expect((await live.ask(RequestCode.DELETE_KV_CONFIG, key)).code).toBe(0)
  expect((await live.ask(RequestCode.GET_KV_CONFIG, key)).code).toBe(ResponseCode.QUERY_NOT_FOUND)
  const incomplete = await live.ask(RequestCode.PUT_KV_CONFIG, key)
  expect(incomplete.code).toBe(ResponseCode.SYSTEM_ERROR)
})

test('settings are listed and changed as properties', async () => {
  const { GET_NAMESRV_CONFIG: GET, UPDATE_NAMESRV_CONFIG: UPDATE } = RequestCode
  await change('# by hand\nsupportActingMaster = true')
  const text = (await live.ask(GET)).body.toString()
  expect(text.split('\n')).toContain('supportActingMaster=true')
  expect(text.split('\n')).toContain(`listenPort=${live.server.port}`)
  expect((await live.ask(UPDATE)).code).toBe(ResponseCode.SUCCESS)
  const answerTo = async (settings: string): Promise<number> =>
    (await live.ask(UPDATE, {}, Buffer.from(settings))).code
  expect(await answerTo('kvConfigPath=/elsewhere')).toBe(ResponseCode.NO_PERMISSION)
  expect(await answerTo('clientRequestThreadPoolNums=9')).toBe(ResponseCode.INVALID_PARAMETER)
  expect(await answerTo('supportActingMaster=\\u00')).toBe(ResponseCode.INVALID_PARAMETER)
  expect((await live.ask(GET)).body.toString()).toBe(text)
})

test('an unknown code is answered with REQUEST_CODE_NOT_SUPPORTED', async () => {
  const answer = await live.ask(RequestCode.SEND_MESSAGE)
  expect(answer.code).toBe(ResponseCode.REQUEST_CODE_NOT_SUPPORTED)
  expect(answer.remark).toBe(' request type 10 not supported')
})

test('a one-way request is done and not answered', async () => {
  const extFields = new Map([
    ['namespace', 'NS'],
    ['key', 'a'],
    ['value', '1'],
  ])
  const connection = await live.client().connection(live.server.address)
  connection.send(markOneway(createRequest(RequestCode.PUT_KV_CONFIG, { extFields })))
  const get = createRequest(RequestCode.GET_KVLIST_BY_NAMESPACE, { extFields })
  const answers = [await connection.invoke(get, 5_000)]
  while (answers.at(-1)?.code !== 0 && answers.length < 100) {
    answers.push(await connection.invoke({ ...get }, 5_000))
  }
  expect(JSON.parse(answers.at(-1)?.body.toString() ?? '')).toEqual({ table: { a: '1' } })
})
