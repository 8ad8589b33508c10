/**
 * Goal: verifying compares sealed segments with their hashes, holds queues and index to the log
 * both ways, and may be done beside a broker.
 */
import { appendFileSync, cpSync, existsSync, readdirSync, rmSync, utimesSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { segmentPath } from '../../../engine/file/store-layout.ts'
import { indexEntryAt, indexSlotAt } from '../../../engine/format/index-format.ts'
import { blockHashesPath } from '../../../engine/store/block-hashes.ts'
import { formatVerification } from '../../../net/cli/inspect/format-verification.ts'
import { verificationReport } from '../../../net/cli/inspect/verification-report.ts'
import { openStore } from '../../../workers/index.ts'
import { verifyStore } from '../../../workers/verify-store.ts'
import { runAgena } from '../../helpers/agena-process.ts'
import { flipByte } from '../../helpers/damage.ts'
import { hashStore } from '../../helpers/hashed-store.ts'
import { type UnpackedStore, unpackStoreFixture } from '../../helpers/store-fixtures.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const files = nodeFileSystem()

async function verified(directory: string, all: boolean) {
  return verificationReport(directory, await verifyStore(directory, { all }))
}

describe('a store with hashes', () => {
  test('is compared with them, and its newest segment is read', async () => {
    await using store = await unpackStoreFixture('plain')
    const { sealedOffset } = await hashStore(store.directory)
    const report = await verified(store.directory, false)
    const inNewest = store.expected.messages.filter((one) => one.physicalOffset >= sealedOffset)
    expect(report).toMatchObject({ isDamaged: false, segmentCount: 3, hashedSegmentCount: 2 })
    expect(report.recordCount).toBe(inNewest.length)
    expect((await verified(store.directory, true)).recordCount).toBe(store.expected.messages.length)
    expect(formatVerification(report)).toBe(
      `3 segments, 2 of them by the hashes of all bytes, ${inNewest.length} records\nno damage\n`,
    )
  })

  test('tells the block, its messages and that the file was written to', async () => {
    await using store = await unpackStoreFixture('plain')
    const { layout } = await hashStore(store.directory)
    const file = segmentPath(layout.commitLog, 0)
    const [message] = store.expected.messages
    flipByte(file, message!.physicalOffset + message!.sizeBytes - 2)
    // Whole seconds: fractions are rounded on their way to the file.
    const future = new Date(Math.ceil(Date.now() / 1000) * 1000 + 60_000)
    utimesSync(file, future, future)
    const { exitCode, stdout } = await runAgena(['store', 'verify', store.directory])
    expect(exitCode).toBe(1)
    expect(stdout).toContain(`DAMAGE: ${file} from byte 0 on: a block whose bytes are not those`)
    expect(stdout).toMatch(
      new RegExp(
        `^ {2}in it: topic ${message!.topic}, queue \\d, offsets 0 to \\d+ \\(\\d+ mess`,
        'm',
      ),
    )
    expect(stdout).toContain(`NOTE: ${file} was written to at ${future.toISOString()}, after it`)
    expect(stdout).toContain(`If that was meant, remove ${blockHashesPath(layout, 0)}\n`)
    const json = await runAgena(['store', 'verify', store.directory, '--json'])
    expect(json.exitCode).toBe(1)
    const damage = JSON.parse(json.stdout).damages[0]
    expect(damage).toMatchObject({ kind: 'block', file, position: 0, offset: 0, endOffset: 65_536 })
  })

  test('whose own file is damaged is read record by record', async () => {
    await using store = await unpackStoreFixture('plain')
    const { layout } = await hashStore(store.directory)
    flipByte(blockHashesPath(layout, 0), 50)
    const report = await verified(store.directory, false)
    expect(report).toMatchObject({ isDamaged: false, hashedSegmentCount: 1 })
    expect(report.notes).toEqual([
      `${blockHashesPath(layout, 0)} is damaged itself: the records were read instead`,
    ])
  })
})

describe('the index is held to the log', () => {
  const FIRST = 1

  function newestIndex(store: UnpackedStore): string {
    const directory = join(store.directory, 'index')
    return join(directory, readdirSync(directory).sort().at(-1)!)
  }

  test.each([
    ['a hash', 0, 3],
    ['a place', 4, 7],
    ['a chain', 16, 3],
  ])('entry with a changed %s', async (_, field, byte) => {
    await using store = await unpackStoreFixture('plain')
    const slotCount = store.expected.settings.maxHashSlotNum
    flipByte(newestIndex(store), indexEntryAt(FIRST, slotCount) + field + byte)
    const report = await verified(store.directory, true)
    expect(report.isDamaged).toBe(true)
    expect(report.indexDamages).toContainEqual(
      expect.objectContaining({ file: newestIndex(store), entry: FIRST }),
    )
    expect(formatVerification(report)).toMatch(/^DAMAGE: .* has for entry 1, of the record at /m)
    expect((await verified(store.directory, false)).isDamaged).toBe(false)
  })

  test('is left out where its files tell no sizes', async () => {
    await using store = await unpackStoreFixture('plain')
    const directory = join(store.directory, 'index')
    for (const name of readdirSync(directory)) appendFileSync(join(directory, name), 'more')
    const report = await verified(store.directory, true)
    expect(report).toMatchObject({ isIndexVerified: false, areQueuesVerified: true })
    expect(report.notes).toEqual([expect.stringMatching(/^the index was left out: /)])
  })

  test('a slot that leads nowhere', async () => {
    await using store = await unpackStoreFixture('plain')
    const path = newestIndex(store)
    const fd = files.open(path, 'write')
    const slots = store.expected.settings.maxHashSlotNum
    const bytes = Buffer.alloc(4)
    let slot = 0
    for (; slot < slots; slot += 1) {
      files.read(fd, bytes, 0, 4, indexSlotAt(slot))
      if (bytes.readInt32BE(0) > 0) break
    }
    files.write(fd, Buffer.alloc(4), 0, 4, indexSlotAt(slot))
    files.close(fd)
    const { indexDamages } = await verified(store.directory, true)
    expect(indexDamages).toHaveLength(1)
    expect(indexDamages[0]?.found).toMatch(new RegExp(`^slot ${slot}, whose newest entry is `))
  })
})

test('a unit that leads to no record is told, one before damage of the log is not', async () => {
  await using store = await unpackStoreFixture('plain')
  const { topic, queueId } = store.expected.messages[0]!
  const of = store.expected.messages.filter((one) => {
    return one.topic === topic && one.queueId === queueId
  })
  const queue = join(store.directory, 'consumequeue', topic, String(queueId), '0'.repeat(20))
  const last = Buffer.alloc(20)
  const fd = files.open(queue, 'write')
  files.read(fd, last, 0, 20, (of.length - 1) * 20)
  files.write(fd, last, 0, 20, of.length * 20)
  files.close(fd)
  const report = await verified(store.directory, true)
  expect(report.queueDamages).toEqual([
    {
      topic,
      queueId,
      queueOffset: of.length,
      physicalOffset: of.at(-1)!.physicalOffset,
      found: `no record of it, at ${of.at(-1)!.physicalOffset}`,
    },
  ])
})

test('beside a store that is written there is no damage', async () => {
  using folder = temporaryFolder('verify-live')
  await using store = await openStore(folder.path, { segmentBytes: 1024 * 1024 })
  const over = new AbortController()
  const writing = (async () => {
    const body = Buffer.alloc(5000, 3)
    for (let index = 0; !over.signal.aborted; index += 1) {
      await store.append({ topic: `T${index % 3}`, body, keys: [String(index)] })
    }
  })()
  for (let round = 0; round < 8; round += 1) {
    const report = await verified(folder.path, true)
    expect(report.damages).toEqual([])
    expect(report).toMatchObject({ isDamaged: false, areQueuesVerified: false })
  }
  over.abort()
  await writing
  // Killed in the middle: what lies there now is what would be found.
  const killed = join(folder.path, 'killed')
  for (const part of ['commitlog', 'abort', 'consumequeue']) {
    cpSync(join(folder.path, part), join(killed, part), { recursive: true })
  }
  expect(existsSync(join(killed, 'abort'))).toBe(true)
  expect((await verified(killed, true)).isDamaged).toBe(false)
  rmSync(killed, { recursive: true })
})
