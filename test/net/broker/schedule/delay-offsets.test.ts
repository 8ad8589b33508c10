/**
 * Goal: the file of delay offsets is Java's, and is never ahead of what is on the disk.
 * Method: tables in folders of their own, held to the one that a broker of Apache RocketMQ 5.5.0
 * left behind.
 */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { silentLogger } from '../../../../engine/base/logger.ts'
import { DelayOffsets } from '../../../../net/broker/schedule/delay-offsets.ts'
import { unpackStoreFixture } from '../../../helpers/store-fixtures.ts'
import { type TemporaryFolder, temporaryFolder } from '../../../helpers/temporary-folder.ts'

let folder: TemporaryFolder

beforeEach(() => {
  folder = temporaryFolder('delay-offsets')
})
afterEach(() => folder[Symbol.dispose]())

const flushed = () => Promise.resolve(true)

function saved(): string {
  return readFileSync(join(folder.path, 'delayOffset.json'), 'utf8')
}

test('the file of Apache RocketMQ is taken over', async () => {
  await using java = await unpackStoreFixture('broker')
  const offsets = new DelayOffsets(join(java.directory, 'config'), silentLogger)
  expect([1, 2, 3, 5, 18].map((level) => offsets.get(level))).toEqual([4, 0, 1, 0, 0])
  expect(offsets.table().dataVersion).toMatchObject({ counter: 5 })
  expect([...offsets.table().offsetTable.keys()]).toEqual([1, 3, 5, 18])
})

test('the file has levels as numbers and a new version, as Java reads and writes it', async () => {
  const offsets = new DelayOffsets(folder.path, silentLogger)
  offsets.set(1, 5)
  offsets.set(18, 0)
  await offsets.save(flushed)
  expect(saved()).toContain('"offsetTable":{"1":5,"18":0}')
  expect(saved()).toMatch(/"dataVersion":\{"counter":1,"stateVersion":0,"timestamp":\d+\}/)
  const again = new DelayOffsets(folder.path, silentLogger)
  expect(again.table().offsetTable).toEqual(offsets.table().offsetTable)
})

test('offsets are not saved before what was delivered is on the disk', async () => {
  const offsets = new DelayOffsets(folder.path, silentLogger)
  offsets.set(1, 5)
  let release = (_isFlushed: boolean): void => undefined
  const flush = new Promise<boolean>((resolve) => {
    release = resolve
  })
  const save = offsets.save(() => flush)
  await new Promise((resolve) => setImmediate(resolve))
  expect(existsSync(join(folder.path, 'delayOffset.json'))).toBe(false)
  // Delivered after the flush began: it is not covered.
  offsets.set(1, 9)
  release(true)
  expect(await save).toBe(true)
  expect(saved()).toContain('{"1":5}')
  expect(await offsets.save(() => Promise.resolve(false))).toBe(false)
  expect(saved()).toContain('{"1":5}')
  expect(await offsets.save(flushed)).toBe(true)
  expect(saved()).toContain('{"1":9}')
})
