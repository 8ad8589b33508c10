/**
 * Goal: a walk over a segment goes on behind whatever it meets, and knows the end of a log from
 * damage.
 * Method: a segment that Apache RocketMQ wrote, on a disk that refuses to read parts of it, and
 * with ends of all kinds.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { segmentPath } from '../../../engine/file/store-layout.ts'
import { type SegmentWalk, verifySegment } from '../../../engine/log/log-verify.ts'
import { scrubPlaceOf } from '../../helpers/hashed-store.ts'
import { type UnpackedStore, unpackStoreFixture } from '../../helpers/store-fixtures.ts'

const files = nodeFileSystem()

/** A disk with a bad sector in every file. */
function withBadSector(from: number, to: number): FileSystem {
  return {
    ...files,
    read: (fd, target, start, lengthBytes, position) => {
      if (position < to && position + lengthBytes > from) {
        throw Object.assign(new Error('EIO: i/o error, read'), { code: 'EIO' })
      }
      return files.read(fd, target, start, lengthBytes, position)
    },
  }
}

function verifyNewest(store: UnpackedStore, walk: SegmentWalk, disk = files) {
  const { layout, segmentBytes, sealedOffset } = scrubPlaceOf(store.directory)
  return verifySegment(disk, { directory: layout.commitLog, segmentBytes }, sealedOffset, walk)
}

function writeBehindEnd(store: UnpackedStore, bytes: Buffer, afterBytes = 0): number {
  const { layout, sealedOffset } = scrubPlaceOf(store.directory)
  const { maxOffset } = store.expected.log
  const fd = openSync(segmentPath(layout.commitLog, sealedOffset), 'r+')
  writeSync(fd, bytes, 0, bytes.length, maxOffset - sealedOffset + afterBytes)
  closeSync(fd)
  return maxOffset
}

test('what the disk refuses to read is damage, and the system says why', async () => {
  await using store = await unpackStoreFixture('plain')
  const disk = withBadSector(40_000, 40_512)
  const { damages } = verifyNewest(store, { ending: 'newest' }, disk)
  expect(damages).toMatchObject([
    { kind: 'record', found: 'bytes that cannot be read: EIO: i/o error, read' },
  ])
  await expect(async () => {
    verifyNewest(
      store,
      {},
      {
        ...files,
        open: () => {
          throw Object.assign(new Error('ENOENT: it expired'), { code: 'ENOENT' })
        },
      },
    )
  }).rejects.toThrow('it expired')
})

test('zeros end the newest segment, and damage any other', async () => {
  await using store = await unpackStoreFixture('plain')
  const { maxOffset } = store.expected.log
  expect(verifyNewest(store, { ending: 'newest' })).toMatchObject({
    damages: [],
    tornTail: undefined,
  })
  const { damages, endOffset } = verifyNewest(store, { ending: 'sealed' })
  expect(endOffset).toBe(maxOffset)
  expect(damages).toMatchObject([{ offset: maxOffset, found: 'nothing, where a record should be' }])
})

test('half of a write is damage after a close, and the tail after a kill', async () => {
  await using store = await unpackStoreFixture('plain')
  const offset = writeBehindEnd(store, Buffer.from([0, 0, 1, 0, 0xda, 0xa3, 0x20, 0xa7, 1, 2, 3]))
  expect(verifyNewest(store, { ending: 'newest' }).damages).toMatchObject([{ offset }])
  let asked = 0
  const found = verifyNewest(store, { ending: 'open', isWorthWaiting: () => ++asked < 4 })
  expect(found).toMatchObject({ damages: [], tornTail: { offset } })
  expect(asked).toBe(4)
})

test('a write in progress is waited for', async () => {
  await using store = await unpackStoreFixture('plain')
  const { layout, sealedOffset } = scrubPlaceOf(store.directory)
  const before = verifyNewest(store, { ending: 'open' })
  // The newest record becomes half written, until the walk has looked at it once.
  const last = store.expected.messages.at(-1)!
  const position = last.physicalOffset - sealedOffset
  const path = segmentPath(layout.commitLog, sealedOffset)
  const record = Buffer.alloc(last.sizeBytes)
  const fd = openSync(path, 'r+')
  files.read(fd, record, 0, record.length, position)
  writeSync(fd, Buffer.alloc(record.length - 20), 0, record.length - 20, position + 20)
  const found = verifyNewest(store, {
    ending: 'open',
    isWorthWaiting: () => {
      writeSync(fd, record, 0, record.length, position)
      return true
    },
  })
  closeSync(fd)
  expect(found).toEqual(before)
})
