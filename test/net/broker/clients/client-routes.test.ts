/**
 * Goal: the broker knows who is connected, makes what a new group needs, and tells a group's
 * members at once when it changes.
 * Method: a server on loopback with the capability's rows; peers that send heartbeats.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { ClientRegistry } from '../../../../net/broker/clients/client-registry.ts'
import { clientRoutes } from '../../../../net/broker/clients/client-routes.ts'
import { GroupChangeNotifier } from '../../../../net/broker/clients/group-change-notifier.ts'
import { ConsumerFilters } from '../../../../net/broker/filter/consumer-filters.ts'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { SubscriptionGroups } from '../../../../net/broker/subscriptions/subscription-groups.ts'
import { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import {
  ConsumerConnection,
  GroupList,
  ProducerConnection,
} from '../../../../net/protocol/connections.ts'
import { ConsumerList } from '../../../../net/protocol/consumer-list.ts'
import {
  ConsumerData,
  HeartbeatData,
  SubscriptionData,
} from '../../../../net/protocol/heartbeat.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { type LivePeer, LiveRoutes } from '../live-routes.ts'

const GROUP = 'shop'
const EXPIRY_MS = 60_000

let folder = ''
let live: LiveRoutes
let clients: ClientRegistry
let topics: TopicConfigs
let groups: SubscriptionGroups
let offsets: ConsumerOffsets
let mayCreate = true
const config = { enablePropertyFilter: true }

beforeEach(async () => {
  mayCreate = true
  config.enablePropertyFilter = true
  folder = await mkdtemp(join(tmpdir(), 'agena-clients-'))
  topics = new TopicConfigs(
    folder,
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
  groups = new SubscriptionGroups(folder, () => mayCreate, silentLogger)
  offsets = new ConsumerOffsets(folder, silentLogger)
  const notifier = new GroupChangeNotifier({ groups, logger: silentLogger })
  clients = new ClientRegistry({
    clientExpiryMs: EXPIRY_MS,
    onGroupChange: (group) => notifier.noteChange(group),
  })
  const filters = new ConsumerFilters(folder, silentLogger)
  live = await LiveRoutes.start(
    clientRoutes({ clients, topics, groups, offsets, filters, config }),
    (connection) => clients.onConnectionClosed(connection),
  )
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
  await topics.save()
  await groups.save()
  await rm(folder, { recursive: true })
})

interface Beat {
  readonly topics?: readonly string[]
  readonly subVersion?: number
  readonly fingerprint?: number
  readonly withoutSub?: boolean
  readonly messageModel?: string
  readonly producers?: readonly string[]
  readonly group?: string
}

function beat(peer: LivePeer, clientID: string, how: Beat): Promise<RemotingCommand> {
  const { subVersion = 1, fingerprint = 0, withoutSub = false, group = GROUP } = how
  const subscriptionDataSet = (how.topics ?? []).map((topic) =>
    SubscriptionData.read({ topic, subString: '*', subVersion }, ''),
  )
  const consumer = ConsumerData.read(
    { groupName: group, messageModel: how.messageModel ?? 'CLUSTERING' },
    '',
  )
  const body = HeartbeatData.write({
    clientID,
    consumerDataSet: how.topics === undefined ? [] : [{ ...consumer, subscriptionDataSet }],
    heartbeatFingerprint: fingerprint,
    producerDataSet: (how.producers ?? []).map((groupName) => ({ groupName })),
    withoutSub,
  })
  return peer.ask(RequestCode.HEART_BEAT, { body: Buffer.from(JSON.stringify(body)) })
}

async function consumerIds(peer: LivePeer): Promise<string[]> {
  const fields = { consumerGroup: GROUP }
  const answer = await peer.ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { fields })
  return answer.code === ResponseCode.SUCCESS
    ? decodeBody(ConsumerList, answer.body).consumerIdList
    : []
}

/** How often the peer was told of the group, once at least `count` pushes have come. */
async function toldOf(peer: LivePeer, count: number): Promise<(string | undefined)[]> {
  await vi.waitFor(() => expect(peer.pushes.length).toBeGreaterThanOrEqual(count), 5_000)
  for (const { code } of peer.pushes) expect(code).toBe(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED)
  return peer.pushes.splice(0).map(({ extFields }) => extFields.get('consumerGroup'))
}

describe('a heartbeat', () => {
  test('makes the group and its retry topic, and is answered with what Java reads', async () => {
    const answer = await beat(live.peer(), 'one', { topics: ['orders'] })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(Object.fromEntries(answer.extFields)).toEqual({
      IS_SUPPORT_HEART_BEAT_V2: 'true',
      IS_SUB_CHANGE: 'true',
    })
    expect(groups.get(GROUP)).toBeDefined()
    expect(topics.find(`%RETRY%${GROUP}`)?.config).toMatchObject({
      readQueueNums: 1,
      writeQueueNums: 1,
      perm: 6,
    })
    expect(clients.subscriptionOf(GROUP, 'orders')?.subVersion).toBe(1)
    expect(clients.subscriptionOf(GROUP, 'bills')).toBeUndefined()
  })

  test('of a group that may not be made leaves the group out', async () => {
    mayCreate = false
    const answer = await beat(live.peer(), 'one', { topics: ['orders'], producers: ['makers'] })
    expect(answer.code).toBe(ResponseCode.SUCCESS)
    expect(clients.consumerGroup(GROUP)).toBeUndefined()
    expect(topics.find(`%RETRY%${GROUP}`)).toBeUndefined()
    expect(clients.producers('makers')).toHaveLength(1)
  })

  test('with a newer version of a subscription replaces it, an older one does not', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'], subVersion: 5 })
    const first = clients.subscriptionOf(GROUP, 'orders')
    await beat(peer, 'one', { topics: ['orders'], subVersion: 5 })
    await beat(peer, 'one', { topics: ['orders'], subVersion: 4 })
    expect(clients.subscriptionOf(GROUP, 'orders')).toBe(first)
    await beat(peer, 'one', { topics: ['orders'], subVersion: 6 })
    expect(clients.subscriptionOf(GROUP, 'orders')?.subVersion).toBe(6)
  })

  test('of version 2 asks for subscriptions until they are known', async () => {
    const peer = live.peer()
    const first = await beat(peer, 'one', { topics: ['orders'], fingerprint: 7 })
    expect(first.extFields.get('IS_SUB_CHANGE')).toBe('false')
    const light = { topics: [], fingerprint: 7, withoutSub: true }
    expect((await beat(peer, 'one', light)).extFields.get('IS_SUB_CHANGE')).toBe('false')
    expect(clients.subscriptionOf(GROUP, 'orders')).toBeDefined()
    const changed = await beat(peer, 'one', { topics: ['bills'], fingerprint: 8 })
    expect(changed.extFields.get('IS_SUB_CHANGE')).toBe('true')
    expect(clients.subscriptionOf(GROUP, 'orders')).toBeUndefined()
    const stale = await beat(peer, 'one', { topics: [], fingerprint: 7, withoutSub: true })
    expect(stale.extFields.get('IS_SUB_CHANGE')).toBe('true')
  })

  test('without subscriptions is asked for them when more was said between', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'], fingerprint: 7 })
    const [connection] = clients.consumerGroup(GROUP)!.connections
    const said = SubscriptionData.read({ topic: 'bills', subString: '*', subVersion: 1 }, '')
    clients.renewSubscriptions(GROUP, connection!, [said])
    expect(clients.subscriptionOf(GROUP, 'bills')).toBe(said)
    expect(clients.subscriptionOf(GROUP, 'orders')).toBeDefined()
    const light = { topics: [], fingerprint: 7, withoutSub: true }
    expect((await beat(peer, 'one', light)).extFields.get('IS_SUB_CHANGE')).toBe('true')
    await beat(peer, 'one', { topics: ['orders'], fingerprint: 7 })
    expect(clients.subscriptionOf(GROUP, 'bills')).toBeUndefined()
    expect((await beat(peer, 'one', light)).extFields.get('IS_SUB_CHANGE')).toBe('false')
  })

  test('without subscriptions to a broker that was restarted is asked for them', async () => {
    const light = { topics: [], fingerprint: 7, withoutSub: true }
    const answer = await beat(live.peer(), 'one', light)
    expect(answer.extFields.get('IS_SUB_CHANGE')).toBe('true')
  })

  test('that is no heartbeat is refused, and the connection goes on', async () => {
    const peer = live.peer()
    const answer = await peer.ask(RequestCode.HEART_BEAT, { body: Buffer.from('{"clientID":') })
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect((await beat(peer, 'one', { topics: ['orders'] })).code).toBe(ResponseCode.SUCCESS)
  })
})

describe('the members of a group', () => {
  test('hear at once of one who joins, changes its topics, leaves, or is cut off', async () => {
    const [first, second] = [live.peer(), live.peer()]
    await beat(first, 'one', { topics: ['orders'] })
    expect(await toldOf(first, 1)).toEqual([GROUP])
    await beat(second, 'two', { topics: ['orders'] })
    expect(await toldOf(first, 1)).toEqual([GROUP])
    expect(await toldOf(second, 1)).toEqual([GROUP])
    expect(await consumerIds(first)).toEqual(['one', 'two'])

    await beat(second, 'two', { topics: ['orders', 'bills'] })
    expect(await toldOf(first, 1)).toEqual([GROUP])
    await beat(second, 'two', { topics: ['orders', 'bills'] })
    await first.ask(RequestCode.UNREGISTER_CLIENT, {
      fields: { clientID: 'one', consumerGroup: GROUP },
    })
    await vi.waitFor(() => expect(second.pushes).toHaveLength(2), 5_000)
    expect(first.pushes).toEqual([])
    expect(await consumerIds(second)).toEqual(['two'])

    await beat(first, 'one', { topics: ['orders', 'bills'] })
    await toldOf(first, 1)
    await second.close()
    expect(await toldOf(first, 1)).toEqual([GROUP])
    expect(await consumerIds(first)).toEqual(['one'])
  })

  test('of a broadcasting group, or one that is not to be told, hear nothing', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'], messageModel: 'BROADCASTING' })
    groups.put({ ...groups.find('quiet')!, notifyConsumerIdsChangedEnable: false })
    await beat(peer, 'one', { topics: ['orders'], group: 'quiet' })
    await beat(peer, 'one', { topics: ['orders'], group: 'loud' })
    expect(await toldOf(peer, 1)).toEqual(['loud'])
  })

  test('count once when a client comes back before its old connection is gone', async () => {
    const [old, fresh] = [live.peer(), live.peer()]
    await beat(old, 'one', { topics: ['orders'] })
    await beat(fresh, 'one', { topics: ['orders'] })
    expect(await consumerIds(fresh)).toEqual(['one'])
    await old.close()
    await vi.waitFor(() => expect([...clients.consumerGroup(GROUP)!.members]).toHaveLength(1))
    expect(await consumerIds(fresh)).toEqual(['one'])
  })

  test('who leave a deleted group do not bring it back', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'] })
    groups.remove(GROUP)
    await peer.close()
    await vi.waitFor(() => expect(clients.consumerGroup(GROUP)).toBeUndefined())
    expect(groups.get(GROUP)).toBeUndefined()
  })

  test('who went silent are cut off, and the others hear of it', async () => {
    const [silent, lively] = [live.peer(), live.peer()]
    await beat(silent, 'silent', { topics: ['orders'] })
    await beat(lively, 'lively', { topics: ['orders'], producers: ['makers'] })
    await toldOf(lively, 1)
    const seenMs = Date.now()
    const clock = vi.spyOn(Date, 'now').mockReturnValue(seenMs + EXPIRY_MS)
    await beat(lively, 'lively', { topics: ['orders'], producers: ['makers'] })
    clock.mockRestore()
    clients.expire(seenMs + EXPIRY_MS + 1)
    expect(await toldOf(lively, 1)).toEqual([GROUP])
    expect(await consumerIds(lively)).toEqual(['lively'])
    await vi.waitFor(() => expect(live.connections.size).toBe(1))
    clients.expire(seenMs + 2 * EXPIRY_MS + 1)
    expect(clients.producers('makers')).toBeUndefined()
    expect([...clients.consumerGroups, ...clients.producerGroups]).toEqual([])
  })
})

describe('questions about clients', () => {
  test('a group without consumers has no list', async () => {
    const fields = { consumerGroup: 'nobody' }
    const list = await live.peer().ask(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { fields })
    expect(list).toMatchObject({ code: 1, remark: 'no consumer for this group, nobody' })
    const connections = await live.peer().ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, { fields })
    expect(connections.code).toBe(ResponseCode.CONSUMER_NOT_ONLINE)
  })

  test('connections are listed with what the client said of itself', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'], producers: ['makers'] })
    const asked = { fields: { consumerGroup: GROUP } }
    const answer = await peer.ask(RequestCode.GET_CONSUMER_CONNECTION_LIST, asked)
    const list = decodeBody(ConsumerConnection, answer.body)
    expect(list).toMatchObject({
      consumeFromWhere: 'CONSUME_FROM_LAST_OFFSET',
      consumeType: 'CONSUME_PASSIVELY',
      messageModel: 'CLUSTERING',
      connectionSet: [{ clientId: 'one', language: 'OTHER', version: 513 }],
    })
    expect([...list.subscriptionTable.keys()]).toEqual(['orders'])
    expect(list.connectionSet[0]?.clientAddr).toMatch(/^127\.0\.0\.1:\d+$/)

    const makers = await peer.ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, {
      fields: { producerGroup: 'makers' },
    })
    expect(decodeBody(ProducerConnection, makers.body).connectionSet).toEqual(list.connectionSet)
    await peer.ask(RequestCode.UNREGISTER_CLIENT, {
      fields: { clientID: 'one', producerGroup: 'makers' },
    })
    const gone = await peer.ask(RequestCode.GET_PRODUCER_CONNECTION_LIST, {
      fields: { producerGroup: 'makers' },
    })
    expect(gone).toMatchObject({ code: 1, remark: 'the producer group[makers] not exist' })
  })

  test('a topic is consumed by who subscribes to it and by who has read of it', async () => {
    const peer = live.peer()
    await beat(peer, 'one', { topics: ['orders'] })
    offsets.commit('earlier', 'orders', 0, 3, 'test')
    offsets.commit(GROUP, 'orders', 0, 3, 'test')
    const asked = { fields: { topic: 'orders' } }
    const answer = await peer.ask(RequestCode.QUERY_TOPIC_CONSUME_BY_WHO, asked)
    expect(decodeBody(GroupList, answer.body).groupList).toEqual([GROUP, 'earlier'])
  })

  test.each([
    ['TAG', 'a > 1', ResponseCode.SUCCESS],
    ['', 'red', ResponseCode.SUCCESS],
    ['SQL92', 'a > 1', ResponseCode.SUCCESS],
    ['SQL92', 'a >> 1', ResponseCode.SUBSCRIPTION_PARSE_FAILED],
    ['SQL92', '', ResponseCode.SUBSCRIPTION_PARSE_FAILED],
    ['XPATH', '//a', ResponseCode.SUBSCRIPTION_PARSE_FAILED],
  ])('a filter of type "%s" that says "%s" is answered with %i', async (type, text, code) => {
    expect((await checkFilter(type, text)).code).toBe(code)
  })

  test('a refused filter is told with the column of what is wrong', async () => {
    const { remark } = await checkFilter('SQL92', "region = 'north' and amount >> 3")
    expect(remark).toContain('> stands where a property, a literal or ( is wanted, at column 30')
    expect(remark).toContain("region = 'north' and amount >> 3")
  })

  test('filters of properties are refused where the broker is told to', async () => {
    config.enablePropertyFilter = false
    const answer = await checkFilter('SQL92', 'a > 1')
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toMatch(
      /^The broker does not support consumer to filter message by SQL92: enablePropertyFilter/,
    )
    expect((await checkFilter('TAG', 'red')).code).toBe(ResponseCode.SUCCESS)
  })
})

function checkFilter(expressionType: string, subString: string): Promise<RemotingCommand> {
  const subscriptionData = { topic: 'orders', expressionType, subString }
  const body = Buffer.from(JSON.stringify({ clientId: 'one', group: GROUP, subscriptionData }))
  return live.peer().ask(RequestCode.CHECK_CLIENT_CONFIG, { body })
}
