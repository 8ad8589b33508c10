/** Index files that do not match the log: each row over a store of several, opened again. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { createCheckpoint } from '../../../engine/format/checkpoint-format.ts'
import { indexKeyHash } from '../../../engine/format/index-format.ts'
import { queryIndex } from '../../../engine/queue/index-query.ts'
import { BUILT_INDEX, INDEX_FILES } from '../../../engine/queue/index-recovery.ts'
import { saveCheckpoint } from '../../../engine/store/store-checkpoint.ts'
import { expectRowsTested } from '../../helpers/decision-rows.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const INDEX = `${ROOT}/index`
const COUNT = 20
const OPTIONS = {
  segmentBytes: 4096,
  messageBytesMax: 1024,
  consumeQueueFileBytes: 20 * 16,
  indexSlotCount: 8,
  indexEntryCount: 9,
}

class Indexed {
  readonly disk = new MemoryDisk()
  /** Where a record in the middle of the log starts. */
  halfOffset = 0

  constructor() {
    const stepped = this.open()
    for (let index = 0; index < COUNT; index += 1) {
      const offset = stepped.append({ body: `${index}`, keys: `key-${index} all` })
      if (index === COUNT / 2) this.halfOffset = offset
    }
    stepped.reput()
    stepped.close()
  }

  open(): SteppedStore {
    return new SteppedStore(this.disk, ROOT, OPTIONS)
  }

  get paths(): string[] {
    return this.disk.list(INDEX).map((name) => `${INDEX}/${name}`)
  }

  change(number: number, change: (fd: number) => void): this {
    const fd = this.disk.open(this.paths[number] ?? '', 'write')
    change(fd)
    this.disk.close(fd)
    return this
  }

  find(key: string): number[] {
    return queryIndex(this.disk, {
      directory: INDEX,
      slotCount: OPTIONS.indexSlotCount,
      entryCount: OPTIONS.indexEntryCount,
      keyHash: indexKeyHash('T', key),
      beginTimestampMs: 0,
      endTimestampMs: Number.MAX_SAFE_INTEGER,
      countMax: 1000,
    }).physicalOffsets
  }
}

/** Opens the store: every key leads to its message, once. */
function expectWhole(indexed: Indexed): SteppedStore {
  const stepped = indexed.open()
  stepped.reput()
  const offsets = stepped.readAll('T').map(({ physicalOffset }) => physicalOffset)
  expect(offsets).toHaveLength(COUNT)
  expect(indexed.find('all').reverse()).toEqual(offsets)
  for (const [index, offset] of offsets.entries())
    expect(indexed.find(`key-${index}`)).toEqual([offset])
  return stepped
}

describe('the files of an index', () => {
  expectRowsTested(INDEX_FILES)

  it('a foreign file is set aside', () => {
    const indexed = new Indexed()
    indexed.disk.close(indexed.disk.open(`${INDEX}/notes`, 'create'))
    expectWhole(indexed)
    expect(indexed.disk.exists(`${ROOT}/agena/aside-index-notes`)).toBe(true)
  })

  it('a whole index file is kept', () => {
    const indexed = new Indexed()
    const { paths } = indexed
    const { recovered } = expectWhole(indexed).store
    expect(paths.length).toBeGreaterThan(3)
    expect(indexed.paths).toEqual(paths)
    expect(recovered.redoFromOffset).toBe(recovered.endOffset)
  })

  it('an index file of a wrong length is built again', () => {
    for (const change of [-1, 1]) {
      const indexed = new Indexed()
      const lengthened = (fd: number) => {
        indexed.disk.setLength(fd, indexed.disk.sizeBytes(fd) + change)
      }
      const { recovered } = expectWhole(indexed.change(-1 + indexed.paths.length, lengthened)).store
      // The files before it are kept.
      expect(recovered.redoFromOffset).toBeGreaterThan(0)
    }
  })

  it('an index file with a bad header is built again', () => {
    for (const [at, value] of [
      [36, OPTIONS.indexEntryCount + 1],
      [32, OPTIONS.indexSlotCount + 1],
      [16, 0x10],
      [24, -1],
    ] as const) {
      const indexed = new Indexed()
      const bytes = Buffer.alloc(4)
      bytes.writeInt32BE(value)
      expectWhole(indexed.change(2, (fd) => indexed.disk.write(fd, bytes, 0, 4, at)))
    }
  })

  it('an index file behind one that is built again is, too', () => {
    const indexed = new Indexed()
    const { recovered } = expectWhole(
      indexed.change(0, (fd) => indexed.disk.setLength(fd, 7)),
    ).store
    expect(recovered.redoFromOffset).toBe(0)
  })
})

/** Takes the index mark away, as Java would: the checkpoint alone tells of the index. */
function withoutMark(indexed: Indexed, indexTimestampMs: number): Indexed {
  indexed.disk.unlink(`${ROOT}/agena/index.json`)
  saveCheckpoint(indexed.disk, storeLayout(ROOT), { ...createCheckpoint(), indexTimestampMs })
  return indexed
}

describe('how far the index reaches', () => {
  expectRowsTested(BUILT_INDEX)

  it('an index that is gone is built from the start of the log', () => {
    for (const indexed of [new Indexed(), withoutMark(new Indexed(), Date.now())]) {
      for (const path of indexed.paths) indexed.disk.unlink(path)
      expect(expectWhole(indexed).store.recovered.redoFromOffset).toBe(0)
    }
  })

  it('an index that lost its end is built from its newest message on', () => {
    for (const indexed of [new Indexed(), withoutMark(new Indexed(), Date.now() + 1000)]) {
      for (const path of indexed.paths.slice(3)) indexed.disk.unlink(path)
      const { redoFromOffset, endOffset } = expectWhole(indexed).store.recovered
      expect(redoFromOffset).toBeGreaterThan(0)
      expect(redoFromOffset).toBeLessThan(endOffset)
    }
  })

  it('an index that has all that was on the disk is kept', () => {
    // One that was off has nothing, and lacks nothing.
    const off = withoutMark(new Indexed(), 0)
    for (const path of off.paths) off.disk.unlink(path)
    for (const indexed of [new Indexed(), off]) {
      const { redoFromOffset, endOffset } = indexed.open().store.recovered
      expect(redoFromOffset).toBe(endOffset)
    }
  })
})

it('is built to its end although the first start after the loss is killed', () => {
  const indexed = new Indexed()
  for (const path of indexed.paths) indexed.disk.unlink(path)
  for (let round = 0; round < 3; round += 1) {
    const stepped = indexed.open()
    stepped.reputter.reputStep(indexed.halfOffset)
    stepped.kill()
  }
  expect(expectWhole(indexed).readAll('T')).toHaveLength(COUNT)
})
