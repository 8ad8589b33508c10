/**
 * Goal: groups are made, changed, shown and deleted by request as with Apache RocketMQ.
 * Method: a server on loopback with the capability's rows over tables in a folder of their own.
 */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { BrokerStats } from '../../../../net/broker/stats/broker-stats.ts'
import { SubscriptionGroups } from '../../../../net/broker/subscriptions/subscription-groups.ts'
import { subscriptionRoutes } from '../../../../net/broker/subscriptions/subscription-routes.ts'
import { decodeBody, encodeBody } from '../../../../net/protocol/json-shape.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import {
  defaultSubscriptionGroup,
  SubscriptionGroupConfig,
  SubscriptionGroupList,
  SubscriptionGroupTable,
} from '../../../../net/protocol/subscription-group.ts'
import type { RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { type LivePeer, LiveRoutes } from '../live-routes.ts'

let folder: TemporaryFolder
let directory = ''
let groups: SubscriptionGroups
let offsets: ConsumerOffsets
let live: LiveRoutes
let peer: LivePeer

beforeEach(async () => {
  folder = temporaryFolder('subscription-routes')
  directory = join(folder.path, 'config')
  groups = new SubscriptionGroups(directory, () => true, silentLogger)
  offsets = new ConsumerOffsets(directory, silentLogger)
  const stats = new BrokerStats({ clusterName: 'cluster', isSystemTopic: () => false })
  live = await LiveRoutes.start(subscriptionRoutes({ groups, offsets, stats }))
  peer = live.peer()
})
afterEach(async () => {
  await live[Symbol.asyncDispose]()
  await Promise.all([groups.save(), offsets.save()])
  folder[Symbol.dispose]()
})

function put(
  changes: Partial<SubscriptionGroupConfig>,
  attributes: Readonly<Record<string, string>> = {},
): Promise<RemotingCommand> {
  const config = { ...defaultSubscriptionGroup('shop'), ...changes }
  const body = encodeBody(SubscriptionGroupConfig, {
    ...config,
    attributes: new Map(Object.entries(attributes)),
  })
  return peer.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, { body })
}

function putAll(...groupConfigList: SubscriptionGroupConfig[]): Promise<RemotingCommand> {
  const body = encodeBody(SubscriptionGroupList, { groupConfigList })
  return peer.ask(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, { body })
}

function remove(groupName: string, cleanOffset: boolean): Promise<RemotingCommand> {
  const fields = { groupName, cleanOffset: String(cleanOffset) }
  return peer.ask(RequestCode.DELETE_SUBSCRIPTIONGROUP, { fields })
}

function savedGroups(): SubscriptionGroupTable['subscriptionGroupTable'] {
  const body = readFileSync(join(directory, 'subscriptionGroup.json'))
  return decodeBody(SubscriptionGroupTable, body).subscriptionGroupTable
}

describe('a request for a group', () => {
  test('makes or changes it, and is answered when it is saved', async () => {
    expect((await put({ retryMaxTimes: 3 })).code).toBe(ResponseCode.SUCCESS)
    expect(savedGroups().get('shop')?.retryMaxTimes).toBe(3)
    await put({ retryMaxTimes: 3, consumeEnable: false })
    expect(savedGroups().get('shop')).toMatchObject({ retryMaxTimes: 3, consumeEnable: false })
  })

  test('changes attributes one by one', async () => {
    await put({}, { '+priority.factor': '50', '+lite.sub.model': 'Shared' })
    await put({}, { '+priority.factor': '60', '-lite.sub.model': '' })
    await put({ retryMaxTimes: 3 })
    expect(groups.get('shop')?.attributes).toEqual(new Map([['priority.factor', '60']]))
  })

  test.each([
    ['+priority.factor', '101', 'must be a whole number from 0 to 100'],
    ['+lite.sub.model', 'shared', 'must be one of Shared, Exclusive'],
    ['+lite.sub.reset.offset.exclusive', 'yes', 'must be true or false'],
    ['+unknown', '1', 'unsupported key: unknown'],
    ['-priority.factor', '', 'attempt to delete a nonexistent key: priority.factor'],
    ['priority.factor', '1', 'must begin with + to be set or with - to be deleted'],
  ])('with attribute %s=%s is refused', async (key, value, remark) => {
    const answer = await put({}, { [key]: value })
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain(remark)
    expect(groups.get('shop')).toBeUndefined()
  })

  test('with a name that cannot be is refused', async () => {
    const answer = await put({ groupName: 'a.b' })
    expect(answer.code).toBe(ResponseCode.INVALID_PARAMETER)
    expect(answer.remark).toContain('The specified group: a.b, contains illegal characters')
  })

  test('that cannot be saved says so', async () => {
    rmSync(directory, { recursive: true, force: true })
    writeFileSync(directory, 'not a folder')
    const answer = await put({})
    expect(answer.code).toBe(ResponseCode.SYSTEM_ERROR)
    expect(answer.remark).toContain('could not be saved')
  })
})

test('a request for several groups makes all of them or none', async () => {
  const [one, two] = [defaultSubscriptionGroup('one'), defaultSubscriptionGroup('two')]
  expect((await putAll(one, two)).code).toBe(ResponseCode.SUCCESS)
  expect([...savedGroups().keys()]).toEqual(expect.arrayContaining(['one', 'two']))
  const three = defaultSubscriptionGroup('three')
  const answer = await putAll(three, defaultSubscriptionGroup('a.b'))
  expect(answer.code).toBe(ResponseCode.INVALID_PARAMETER)
  expect(groups.get('three')).toBeUndefined()
})

test('a look-up of all groups has them all, and how many', async () => {
  await put({})
  const answer = await peer.ask(RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG)
  const table = decodeBody(SubscriptionGroupTable, answer.body)
  expect(table.subscriptionGroupTable.get('shop')).toEqual(groups.get('shop'))
  expect(table.dataVersion).toEqual(groups.dataVersion)
  expect(answer.extFields.get('totalGroupNum')).toBe(String(table.subscriptionGroupTable.size))
})

test('a look-up of one group has it, and makes none', async () => {
  await put({})
  const ask = (group: string) => {
    return peer.ask(RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, { fields: { group } })
  }
  expect(decodeBody(SubscriptionGroupConfig, (await ask('shop')).body)).toEqual(groups.get('shop'))
  const none = await ask('none')
  expect(none.code).toBe(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST)
  expect(none.remark).toBe('No group in this broker. group: none')
  expect(groups.get('none')).toBeUndefined()
})

describe('a deletion', () => {
  test.each([
    [true, -1],
    [false, 5],
  ])('with cleanOffset %s leaves the offset at %i', async (cleanOffset, expected) => {
    await put({})
    offsets.commit('shop', 'orders', 0, 5, 'test')
    offsets.commit('bookshop', 'orders', 0, 6, 'test')
    expect((await remove('shop', cleanOffset)).code).toBe(ResponseCode.SUCCESS)
    expect(savedGroups().has('shop')).toBe(false)
    expect(offsets.get('shop', 'orders', 0)).toBe(expected)
    expect(offsets.get('bookshop', 'orders', 0)).toBe(6)
  })

  test('of what is not there is no error', async () => {
    expect((await remove('none', false)).code).toBe(ResponseCode.SUCCESS)
  })
})
