import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { crc32 } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import {
  type ExpectedStore,
  readFixtureRecord,
  storeFixtureNames,
  type UnpackedStore,
  unpackStoreFixture,
} from './store-fixtures.ts'

/** RocketMQ keeps a checksum as a positive int. */
const CRC_MASK = 0x7fff_ffff

describe.each(storeFixtureNames)('store fixture %s', (name) => {
  test('unpacks to files of the lengths that its settings ask for', async () => {
    await using store = await unpackStoreFixture(name)
    const { settings } = store.expected
    expect(await fileSizes(store, 'commitlog')).toEqual(new Set([settings.mappedFileSizeCommitLog]))
    expect(await fileSizes(store, 'consumequeue')).toEqual(
      new Set([settings.mappedFileSizeConsumeQueue]),
    )
    expect(existsSync(join(store.directory, 'abort'))).toBe(!store.expected.isCleanStop)
  })

  test('holds every expected message where it is said to be', async () => {
    await using store = await unpackStoreFixture(name)
    for (const message of store.expected.messages) {
      const record = await readFixtureRecord(store, message)
      expect(record.readInt32BE()).toBe(message.sizeBytes)
      if (message.bodyBase64 === undefined) continue
      const body = Buffer.from(message.bodyBase64, 'base64')
      expect(record.includes(body)).toBe(true)
      expect(sha256Hex(body)).toBe(message.bodySha256)
      // An empty body has no checksum.
      expect(message.bodyCrc).toBe(body.length === 0 ? 0 : crc32(body) & CRC_MASK)
    }
  })

  test('expects one queue unit a message', async () => {
    await using store = await unpackStoreFixture(name)
    expect(unitOffsets(store.expected)).toEqual(
      store.expected.messages.map((message) => message.physicalOffset),
    )
  })
})

test('an unpacked fixture is gone after its use', async () => {
  let directory: string
  {
    await using store = await unpackStoreFixture('ipv6')
    directory = store.directory
    expect((await readFile(join(directory, 'lock'))).toString()).toBe('lock')
  }
  expect(existsSync(directory)).toBe(false)
})

async function fileSizes(store: UnpackedStore, folder: string): Promise<Set<number>> {
  const root = join(store.directory, folder)
  const entries = await readdir(root, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const sizes = files.map(async (file) => (await stat(join(file.parentPath, file.name))).size)
  return new Set(await Promise.all(sizes))
}

function unitOffsets(expected: ExpectedStore): number[] {
  const offsets = expected.queues.flatMap((queue) => queue.units.map((unit) => unit[1]))
  return offsets.sort((left, right) => left - right)
}

function sha256Hex(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex')
}
