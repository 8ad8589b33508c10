/**
 * Goal: what groups have read is kept over restarts, in a file that either side reads.
 * Method: tables in folders of their own, held to the folder that a broker of Apache RocketMQ
 * 5.5.0 left behind.
 */
import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { ConsumerOffsets } from '../../../../net/broker/offsets/consumer-offsets.ts'
import { unpackStoreFixture } from '../../../helpers/store-fixtures.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

const CLIENT = '127.0.0.1:1'

let folder: TemporaryFolder
let path = ''
let log: string[]

beforeEach(() => {
  folder = temporaryFolder('offsets')
  path = join(folder.path, 'consumerOffset.json')
  log = []
})
afterEach(() => folder[Symbol.dispose]())

function open(directory = folder.path): ConsumerOffsets {
  const note = (message: string): void => void log.push(message)
  return new ConsumerOffsets(directory, { info: note, warn: note, error: note })
}

function savedTable(): unknown {
  return JSON.parse(readFileSync(path, 'utf8')).offsetTable
}

describe('the file', () => {
  test('of Apache RocketMQ is taken over', async () => {
    await using java = await unpackStoreFixture('broker')
    const offsets = open(join(java.directory, 'config'))
    expect([0, 1, 2, 3, 4].map((queueId) => offsets.get('G-fixture', 'Order', queueId))).toEqual([
      25, 15, 15, 15, -1,
    ])
    expect(offsets.topicsOf('G-fixture').sort()).toEqual(['%RETRY%G-fixture', 'Order', 'Reminder'])
    expect(log).toEqual([])
  })

  test('has the offsets by topic, group and queue, and a new version', async () => {
    const offsets = open()
    const { counter } = offsets.table().dataVersion ?? {}
    offsets.commit('shop', 'orders', 0, 5, CLIENT)
    offsets.commit('shop', 'orders', 11, 7, CLIENT)
    offsets.commit('office', 'orders', 0, 1, CLIENT)
    expect(await offsets.save()).toBe(true)
    expect(savedTable()).toEqual({ 'orders@shop': { 0: 5, 11: 7 }, 'orders@office': { 0: 1 } })
    expect(offsets.table().dataVersion?.counter).toBe(Number(counter) + 1)
    const again = open()
    expect(again.get('shop', 'orders', 11)).toBe(7)
    expect(again.table()).toEqual(offsets.table())
  })

  test('is written only when something has changed', async () => {
    const offsets = open()
    offsets.commit('shop', 'orders', 0, 5, CLIENT)
    await offsets.save()
    rmSync(path)
    offsets.commit('shop', 'orders', 0, 5, CLIENT)
    expect(await offsets.save()).toBe(true)
    expect(existsSync(path)).toBe(false)
    offsets.commit('shop', 'orders', 0, 6, CLIENT)
    await offsets.save()
    expect(savedTable()).toEqual({ 'orders@shop': { 0: 6 } })
  })

  test('that could not be written is written the next time', async () => {
    const offsets = open(join(path, 'below-a-file'))
    offsets.commit('shop', 'orders', 0, 5, CLIENT)
    const other = open()
    other.commit('shop', 'orders', 0, 5, CLIENT)
    await other.save()
    expect(await offsets.save()).toBe(false)
    rmSync(path)
    expect(await offsets.save()).toBe(true)
    expect(open(join(path, 'below-a-file')).get('shop', 'orders', 0)).toBe(5)
  })
})

test('an offset may go back, which is said with who did it', () => {
  const offsets = open()
  offsets.commit('shop', 'orders', 3, 9, CLIENT)
  offsets.commit('shop', 'orders', 3, 10, CLIENT)
  expect(log).toEqual([])
  offsets.commit('shop', 'orders', 3, 2, CLIENT)
  expect(offsets.get('shop', 'orders', 3)).toBe(2)
  expect(log).toEqual([`${CLIENT} moves group shop back on orders queue 3: 10 to 2`])
})

test('groups and topics find each other, and names that are parts of others do not mix', () => {
  const offsets = open()
  for (const topic of ['orders', 'reorders', 'orders2']) offsets.commit('shop', topic, 0, 1, CLIENT)
  offsets.commit('bookshop', 'orders', 0, 2, CLIENT)
  expect(offsets.groupsOf('orders')).toEqual(['shop', 'bookshop'])
  expect(offsets.topicsOf('shop')).toEqual(['orders', 'reorders', 'orders2'])
  offsets.removeTopic('orders')
  expect(offsets.topicsOf('shop')).toEqual(['reorders', 'orders2'])
  expect(offsets.groupsOf('orders')).toEqual([])
  offsets.commit('bookshop', 'orders', 0, 2, CLIENT)
  offsets.removeGroup('shop')
  expect(offsets.topicsOf('shop')).toEqual([])
  expect(offsets.get('bookshop', 'orders', 0)).toBe(2)
})

test('after a crash that lost messages, groups stand at the end of their queues', async () => {
  const offsets = open()
  offsets.commit('shop', 'orders', 0, 9, CLIENT)
  offsets.commit('shop', 'orders', 1, 4, CLIENT)
  await offsets.save()
  const recovered = open()
  recovered.clamp((topic, queueId) => (topic === 'orders' && queueId === 0 ? 6 : 4))
  expect([0, 1].map((queueId) => recovered.get('shop', 'orders', queueId))).toEqual([6, 4])
  expect(log).toEqual(['orders@shop queue 0 goes back from 9 to the end at 6'])
  await recovered.save()
  expect(savedTable()).toEqual({ 'orders@shop': { 0: 6, 1: 4 } })
})
