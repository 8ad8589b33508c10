/**
 * Goal: a store hashes what it has sealed and what it found sealed, tells damage to its log, and
 * ends at once when it is closed.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { Logger } from '../../engine/base/logger.ts'
import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { segmentPath, storeLayout } from '../../engine/file/store-layout.ts'
import { blockHashesPath, listHashedSegments } from '../../engine/store/block-hashes.ts'
import { parseStoreOptions, type StoreOptions } from '../../engine/store/store-options.ts'
import { BackgroundScrub } from '../../workers/background-scrub.ts'
import { openStore } from '../../workers/index.ts'
import { flipByte } from '../helpers/damage.ts'
import { hashStore, scrubPlaceOf } from '../helpers/hashed-store.ts'
import { unpackStoreFixture } from '../helpers/store-fixtures.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { until } from '../helpers/until.ts'

const files = nodeFileSystem()

function startScrub(directory: string, options: StoreOptions, errors: string[] = []) {
  const place = scrubPlaceOf(directory)
  const logger: Logger = {
    info: () => undefined,
    warn: () => undefined,
    error: (message) => void errors.push(message),
  }
  return new BackgroundScrub({
    ...place,
    files,
    config: parseStoreOptions(options),
    trustedOffset: 0,
    writtenOffset: () => place.sealedOffset,
    flushedOffset: () => place.sealedOffset,
    logger,
    delayMs: 1,
  })
}

test('what was found sealed is hashed, at the lowest priority', async () => {
  await using store = await unpackStoreFixture('plain')
  const { layout, startOffsets, sealedOffset } = scrubPlaceOf(store.directory)
  const scrub = startScrub(store.directory, {})
  const sealed = startOffsets.filter((startOffset) => startOffset < sealedOffset)
  await until(() => listHashedSegments(files, layout).length === sealed.length)
  const niceness = readdirSync('/proc/self/task').map((thread) => {
    const fields = readFileSync(`/proc/self/task/${thread}/stat`, 'utf8').split(') ')[1]!.split(' ')
    return Number(fields[16])
  })
  expect(niceness.filter((nice) => nice === 19)).toHaveLength(1)
  await scrub.close()
})

test('a changed byte is told to the log, and the pass goes on', async () => {
  await using store = await unpackStoreFixture('plain')
  const { layout, segmentBytes } = await hashStore(store.directory)
  const file = segmentPath(layout.commitLog, 0)
  flipByte(file, segmentBytes - 1)
  const errors: string[] = []
  const scrub = startScrub(store.directory, { scrubBytesPerSecond: 1024 ** 3 }, errors)
  await until(() => existsSync(`${layout.work}/scrub.json`))
  const progress = (): string => readFileSync(`${layout.work}/scrub.json`, 'utf8')
  await until(() => progress().includes(`"nextOffset":${2 * segmentBytes}`))
  await scrub.close()
  expect(errors).toHaveLength(1)
  expect(errors[0]).toMatch(
    /^\/.* is damaged from byte 0 on: a block whose bytes .*; in it: topic /,
  )
  expect(errors[0]).toContain(file)
})

test('without the options nothing is made', async () => {
  await using store = await unpackStoreFixture('plain')
  const { layout } = scrubPlaceOf(store.directory)
  const scrub = startScrub(store.directory, { blockHashBytesPerSecond: 0 })
  scrub.segmentSealed()
  await new Promise((resolve) => setTimeout(resolve, 50))
  await scrub.close()
  expect(listHashedSegments(files, layout)).toEqual([])
})

test('closing ends a walk that would take a minute', async () => {
  await using store = await unpackStoreFixture('plain')
  const { layout, segmentBytes } = scrubPlaceOf(store.directory)
  const scrub = startScrub(store.directory, { blockHashBytesPerSecond: segmentBytes / 64 })
  // The first segment needs a walk and a hash, with a breath between the two.
  await new Promise((resolve) => setTimeout(resolve, 500))
  await scrub.close()
  expect(listHashedSegments(files, layout)).toEqual([])
})

test('a store hashes each segment that it seals, once it is flushed', async () => {
  using folder = temporaryFolder('background')
  await using store = await openStore(folder.path, { segmentBytes: 64 * 1024 })
  const body = Buffer.alloc(10_000, 1)
  await store.appendBatch(Array.from({ length: 14 }, () => ({ topic: 'T', body })))
  const layout = storeLayout(folder.path)
  await until(() => listHashedSegments(files, layout).length === 2)
  expect(existsSync(blockHashesPath(layout, 2 * 64 * 1024))).toBe(false)
})
