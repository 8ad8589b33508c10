/**
 * Goal: the table of groups is RocketMQ's: its own groups from the start, others made when they
 * may be, and a file that either side reads.
 * Method: tables in folders of their own, held to the folder that a broker of Apache RocketMQ
 * 5.5.0 left behind.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { SubscriptionGroups } from '../../../../net/broker/subscriptions/subscription-groups.ts'
import { decodeBody } from '../../../../net/protocol/json-shape.ts'
import {
  defaultSubscriptionGroup,
  SubscriptionGroupTable,
} from '../../../../net/protocol/subscription-group.ts'
import { unpackStoreFixture } from '../../../helpers/store-fixtures.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

let folder: TemporaryFolder
let mayCreate = true
const opened: SubscriptionGroups[] = []

beforeEach(() => {
  folder = temporaryFolder('groups')
  mayCreate = true
})
afterEach(async () => {
  await Promise.all(opened.splice(0).map((groups) => groups.save()))
  folder[Symbol.dispose]()
})

function open(directory = folder.path): SubscriptionGroups {
  const groups = new SubscriptionGroups(directory, () => mayCreate, silentLogger)
  opened.push(groups)
  return groups
}

describe('the file', () => {
  test('of Apache RocketMQ is taken over: its own groups are ours', async () => {
    await using java = await unpackStoreFixture('broker')
    const directory = join(java.directory, 'config')
    const path = join(directory, 'subscriptionGroup.json')
    const saved = decodeBody(SubscriptionGroupTable, await readFile(path))
    const theirs = new Map(saved.subscriptionGroupTable)
    expect(theirs.delete('G-fixture')).toBe(true)
    const ours = new Map([...open().values()].map((config) => [config.groupName, config]))
    expect(ours).toEqual(theirs)

    const taken = open(directory)
    expect(taken.get('G-fixture')).toEqual(saved.subscriptionGroupTable.get('G-fixture'))
    expect(taken.dataVersion).toEqual(saved.dataVersion)
  })

  test('has every member that Apache RocketMQ writes, and no other', async () => {
    await using java = await unpackStoreFixture('broker')
    const path = join(java.directory, 'config', 'subscriptionGroup.json')
    const theirs = JSON.parse(await readFile(path, 'utf8'))
    const groups = open()
    groups.put(defaultSubscriptionGroup('G-fixture'))
    expect(await groups.save()).toBe(true)
    const ours = JSON.parse(readFileSync(join(folder.path, 'subscriptionGroup.json'), 'utf8'))
    expect(ours.subscriptionGroupTable).toEqual(theirs.subscriptionGroupTable)
    expect(ours.forbiddenTable).toEqual({})
    expect(Object.keys(ours).sort()).toEqual(Object.keys(theirs).sort())
  })

  test('keeps what groups are forbidden, which goes with the group', async () => {
    const forbiddenTable = { shop: { orders: 1 }, other: { orders: 2 } }
    const subscriptionGroupTable = { shop: { groupName: 'shop' } }
    const path = join(folder.path, 'subscriptionGroup.json')
    writeFileSync(path, JSON.stringify({ forbiddenTable, subscriptionGroupTable }))
    const groups = open()
    expect(groups.table().forbiddenTable.get('shop')).toEqual(new Map([['orders', 1]]))
    expect(groups.remove('shop')).toBe(true)
    expect(await groups.save()).toBe(true)
    const saved = JSON.parse(readFileSync(path, 'utf8'))
    expect(saved.forbiddenTable).toEqual({ other: { orders: 2 } })
    expect(open().get('shop')).toBeUndefined()
  })
})

describe('a group that is asked for', () => {
  test('is made with the defaults where it may be, and saved', async () => {
    const groups = open()
    const { counter } = groups.dataVersion
    expect(groups.get('shop')).toBeUndefined()
    expect(groups.find('shop')).toEqual(defaultSubscriptionGroup('shop'))
    expect(groups.find('shop')).toBe(groups.get('shop'))
    expect(groups.dataVersion.counter).toBe(counter + 1)
    expect(await groups.save()).toBe(true)
    expect(open().get('shop')).toEqual(defaultSubscriptionGroup('shop'))
  })

  test.each([['a.b'], [' '], ['a@b'], ['a'.repeat(121)]])('%j is not made', (group) => {
    const groups = open()
    const { size } = groups
    expect(groups.find(group)).toBeUndefined()
    expect(groups.size).toBe(size)
  })

  test('is not made where that is off, unless it is one of the system', () => {
    mayCreate = false
    const groups = open()
    expect(groups.find('shop')).toBeUndefined()
    expect(groups.find('TOOLS_CONSUMER')).toBeDefined()
    expect(groups.find('CID_RMQ_SYS_mine')?.groupName).toBe('CID_RMQ_SYS_mine')
  })

  test('and was removed is gone', () => {
    const groups = open()
    groups.find('shop')
    expect(groups.remove('shop')).toBe(true)
    expect(groups.remove('shop')).toBe(false)
    expect(groups.get('shop')).toBeUndefined()
  })
})
