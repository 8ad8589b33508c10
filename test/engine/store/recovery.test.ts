/** A store after everything that can happen to it: kills, lost power, lost files, torn writes. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { segmentPath } from '../../../engine/file/store-layout.ts'
import { indexKeyHash } from '../../../engine/format/index-format.ts'
import { queryIndex } from '../../../engine/queue/index-query.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const SEGMENT_BYTES = 16 * 1024
const OPTIONS = {
  segmentBytes: SEGMENT_BYTES,
  messageBytesMax: 8 * 1024,
  consumeQueueFileBytes: 20 * 16,
  indexSlotCount: 16,
  indexEntryCount: 64,
} satisfies StoreOptions

function open(disk: MemoryDisk): SteppedStore {
  return new SteppedStore(disk, ROOT, OPTIONS)
}

function offsetsOf(disk: MemoryDisk, key: string): number[] {
  return queryIndex(disk, {
    directory: `${ROOT}/index`,
    slotCount: OPTIONS.indexSlotCount,
    entryCount: OPTIONS.indexEntryCount,
    keyHash: indexKeyHash('T', key),
    beginTimestampMs: 0,
    endTimestampMs: Number.MAX_SAFE_INTEGER,
    countMax: 1000,
  }).physicalOffsets
}

function bodies(stepped: SteppedStore, queueId = 0): string[] {
  return stepped.readAll('T', queueId).map(({ body }) => body.toString())
}

function removeAll(disk: MemoryDisk, directory: string): void {
  for (const name of disk.list(directory)) {
    const path = `${directory}/${name}`
    if (disk.list(path).length > 0) removeAll(disk, path)
    else disk.unlink(path)
  }
}

describe('a store that loses power', () => {
  it('keeps what was flushed, and queues and index that match it (seeded)', () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    const disk = new MemoryDisk()
    const why = `seed ${random.seed}`
    const written: { body: string; queueId: number; end: number }[] = []
    let durableEnd = 0
    for (let round = 0; round < 30; round += 1) {
      const stepped = open(disk)
      const { endOffset } = stepped.store.recovered
      expect(endOffset, why).toBeGreaterThanOrEqual(durableEnd)
      written.splice(written.findLastIndex(({ end }) => end <= endOffset) + 1)
      stepped.reput()
      for (const queueId of [0, 1, 2]) {
        const wanted = written.filter((one) => one.queueId === queueId).map(({ body }) => body)
        expect(bodies(stepped, queueId), why).toEqual(wanted)
      }
      const count = random.below(60)
      for (let index = 0; index < count; index += 1) {
        const queueId = random.below(3)
        const body = `${round}.${index}.${'x'.repeat(random.below(9))}`
        stepped.append({ queueId, body, keys: `${round}.${index} q${queueId}` })
        written.push({ body, queueId, end: stepped.store.log.writtenOffset })
        const step = random.below(8)
        if (step === 0) stepped.reput()
        else if (step === 1) stepped.syncQueues()
        else if (step === 2) {
          stepped.flush()
          durableEnd = stepped.store.log.writtenOffset
        }
      }
      stepped.reput()
      const last = random.below(3)
      if (last === 0) {
        stepped.close()
        durableEnd = stepped.store.log.writtenOffset
      } else stepped.kill()
      if (last === 2) disk.crash()
    }
    const stepped = open(disk)
    stepped.reput()
    for (const { messages, queueId } of [0, 1, 2].map((id) => ({
      messages: stepped.readAll('T', id),
      queueId: id,
    }))) {
      const found = offsetsOf(disk, `q${queueId}`).reverse()
      expect(found, `${why}, index of queue ${queueId}`).toEqual(
        messages.map(({ physicalOffset }) => physicalOffset),
      )
    }
  })

  it('takes messages into the index again that it knew of before the log did', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    for (let index = 0; index < 20; index += 1) stepped.append({ body: 'before', keys: 'k' })
    stepped.reput()
    stepped.syncQueues()
    stepped.kill()
    disk.crash()
    const again = open(disk)
    expect(again.store.recovered.endOffset).toBe(0)
    const offsets = ['a', 'b', 'c'].map((body) => again.append({ body, keys: 'k' }))
    again.reput()
    expect(bodies(again)).toEqual(['a', 'b', 'c'])
    expect(offsetsOf(disk, 'k')).toEqual(offsets.reverse())
  })
})

describe('a store that was left in order', () => {
  it('scans nothing again, also when its log ends with a blank record or a full segment', () => {
    const disk = new MemoryDisk()
    let count = 0
    for (let round = 0; round < 60; round += 1) {
      const stepped = open(disk)
      expect(stepped.store.recovered.redoFromOffset).toBe(stepped.store.recovered.endOffset)
      stepped.append({ body: 'x'.repeat(701) })
      count += 1
      stepped.close()
    }
    const stepped = open(disk)
    expect(stepped.readAll()).toHaveLength(count)
    expect(stepped.store.log.segments.count).toBeGreaterThan(2)
  })

  it('opens although the segment of its end mark is gone', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    stepped.append({ body: 'old' })
    stepped.close()
    const mark = disk.open(`${ROOT}/agena/end.json`, 'read')
    const text = Buffer.alloc(disk.sizeBytes(mark))
    disk.read(mark, text, 0, text.length, 0)
    const later = open(disk)
    for (let index = 0; index < 40; index += 1) later.append({ body: 'y'.repeat(900) })
    later.close()
    const back = disk.open(`${ROOT}/agena/end.json`, 'create')
    disk.setLength(back, 0)
    disk.write(back, text, 0, text.length, 0)
    disk.unlink(segmentPath(`${ROOT}/commitlog`, 0))
    const again = open(disk)
    again.reput()
    const messages = again.readAll()
    expect(messages[0]?.physicalOffset).toBeGreaterThanOrEqual(SEGMENT_BYTES)
    expect(messages.at(-1)?.queueOffset).toBe(40)
    again.append({ body: 'new' })
    again.reput()
    expect(again.readAll().at(-1)?.body.toString()).toBe('new')
  })
})

describe('a store whose files were damaged', () => {
  it('cuts the queues with the log, although Java left it in order', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    const offsets = Array.from({ length: 10 }, (_, index) => stepped.append({ body: `${index}` }))
    stepped.close()
    const fd = disk.open(segmentPath(`${ROOT}/commitlog`, 0), 'write')
    disk.write(fd, Buffer.alloc(30, 0xee), 0, 30, offsets[6] ?? 0)
    disk.close(fd)
    removeAll(disk, `${ROOT}/agena`)
    const again = open(disk)
    again.reput()
    expect(again.store.recovered.endOffset).toBe(offsets[6])
    expect(bodies(again)).toEqual(['0', '1', '2', '3', '4', '5'])
    again.append({ body: 'next' })
    again.reput()
    expect(bodies(again).at(-1)).toBe('next')
    expect(again.readAll()).toHaveLength(7)
  })

  it('starts anew when its log is gone, whatever queues and index say', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    for (let index = 0; index < 50; index += 1) stepped.append({ body: `${index}`, keys: 'k' })
    stepped.close()
    removeAll(disk, `${ROOT}/commitlog`)
    removeAll(disk, `${ROOT}/agena`)
    const again = open(disk)
    const offset = again.append({ body: 'first', keys: 'k' })
    again.reput()
    expect(again.readAll().map(({ queueOffset }) => queueOffset)).toEqual([0])
    expect(offsetsOf(disk, 'k')).toEqual([offset])
  })

  it('ends at a record of another place, left in a block that was used before', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    const first = stepped.append({ body: 'a' })
    const second = stepped.append({ body: 'b' })
    const bytes = second - first
    stepped.kill()
    const fd = disk.open(segmentPath(`${ROOT}/commitlog`, 0), 'write')
    const record = Buffer.alloc(bytes)
    disk.read(fd, record, 0, bytes, first)
    disk.write(fd, record, 0, bytes, 2 * bytes)
    disk.close(fd)
    const again = open(disk)
    again.reput()
    expect(bodies(again)).toEqual(['a', 'b'])
    again.append({ body: 'c' })
    again.reput()
    expect(bodies(again)).toEqual(['a', 'b', 'c'])
  })

  it.each(['short', 'gap', 'name'])('is refused for a segment file that is wrong: %s', (what) => {
    const disk = new MemoryDisk()
    open(disk).close()
    const wrong = what === 'gap' ? 2 * SEGMENT_BYTES : SEGMENT_BYTES
    const path = what === 'name' ? `${ROOT}/commitlog/x` : segmentPath(`${ROOT}/commitlog`, wrong)
    const fd = disk.open(path, 'create')
    disk.setLength(fd, what === 'short' ? 100 : SEGMENT_BYTES)
    disk.close(fd)
    expect(() => open(disk)).toThrow(expect.objectContaining({ code: 'STORE_FILE_INVALID' }))
  })

  it('is cut at every byte of its last record, and goes on from there', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    const first = stepped.append({ body: 'kept' })
    const second = stepped.append({ body: 'torn' })
    const end = stepped.store.log.writtenOffset
    stepped.kill()
    const path = segmentPath(`${ROOT}/commitlog`, 0)
    const fd = disk.open(path, 'write')
    const record = Buffer.alloc(end - second)
    disk.read(fd, record, 0, record.length, second)
    for (let kept = 0; kept < record.length; kept += 1) {
      disk.zero(fd, second, SEGMENT_BYTES - second)
      disk.write(fd, record, 0, kept, second)
      const again = open(disk)
      again.reput()
      // The last bytes of the record are its empty properties: without them it is whole.
      const isWhole = record.subarray(kept).every((byte) => byte === 0)
      expect(bodies(again), `${kept} bytes`).toEqual(isWhole ? ['kept', 'torn'] : ['kept'])
      expect(again.store.recovered.endOffset).toBe(isWhole ? end : second)
      again.kill()
    }
    expect(first).toBe(0)
  })
})

describe('a topic that was deleted', () => {
  /** Ten messages of two topics by turns, one of them deleted. */
  function openAndDelete(disk: MemoryDisk, between?: (stepped: SteppedStore) => void) {
    const stepped = open(disk)
    for (let index = 0; index < 5; index += 1) {
      stepped.append({ body: `old ${index}` })
      stepped.append({ topic: 'other', body: `other ${index}` })
    }
    stepped.deleteTopic('T', () => between?.(stepped))
    return stepped
  }

  it.each([
    ['a kill', () => undefined],
    ['a loss of power', (disk: MemoryDisk) => disk.crash()],
    ['the loss of all queues', (disk: MemoryDisk) => removeAll(disk, `${ROOT}/consumequeue`)],
    ['the loss of a queue', (disk: MemoryDisk) => removeAll(disk, `${ROOT}/consumequeue/other`)],
  ])('does not come back after %s', (_name, damage) => {
    const disk = new MemoryDisk()
    openAndDelete(disk).kill()
    damage(disk)
    const again = open(disk)
    again.reput()
    expect(again.topics()).toEqual(['other'])
    expect(again.readAll('other')).toHaveLength(5)
    expect(again.readAll()).toEqual([])
    again.append({ body: 'new' })
    again.reput()
    expect(again.readAll().map(({ queueOffset }) => queueOffset)).toEqual([0])
    again.kill()
    const last = open(disk)
    last.reput()
    expect(bodies(last)).toEqual(['new'])
  })

  it('stays away when the queues are lost after a clean stop', () => {
    const disk = new MemoryDisk()
    openAndDelete(disk).close()
    removeAll(disk, `${ROOT}/consumequeue`)
    const again = open(disk)
    again.reput()
    expect([again.readAll(), again.readAll('other').length]).toEqual([[], 5])
  })

  it('keeps what came while it was being deleted, at its numbers', () => {
    const disk = new MemoryDisk()
    const stepped = openAndDelete(disk, (deleting) => deleting.append({ body: 'came' }))
    stepped.append({ body: 'later' })
    stepped.kill()
    const again = open(disk)
    again.reput()
    const found = again
      .readAll()
      .map(({ queueOffset, body }) => `${queueOffset} ${body.toString()}`)
    expect(found).toEqual(['5 came', '6 later'])
    again.append({ body: 'last' })
    again.reput()
    expect(again.readAll().at(-1)?.queueOffset).toBe(7)
  })

  it('is gone although the process was killed before its queues were', () => {
    const disk = new MemoryDisk()
    expect(() =>
      openAndDelete(disk, (deleting) => {
        deleting.reput()
        deleting.append({ body: 'came' })
        deleting.kill()
        throw new Error('killed')
      }),
    ).toThrow('killed')
    const again = open(disk)
    again.reput()
    expect(bodies(again)).toEqual(['came'])
  })

  it('deletes nothing that comes to stand where the log was cut', () => {
    const disk = new MemoryDisk()
    const stepped = openAndDelete(disk)
    const end = stepped.store.log.writtenOffset
    stepped.kill()
    const fd = disk.open(segmentPath(`${ROOT}/commitlog`, 0), 'write')
    disk.write(fd, Buffer.alloc(30, 0xee), 0, 30, 0)
    disk.close(fd)
    const cut = new SteppedStore(disk, ROOT, { ...OPTIONS, onCorruption: 'cut' })
    expect(cut.store.recovered.endOffset).toBe(0)
    cut.append({ body: 'new' })
    expect(cut.store.log.writtenOffset).toBeLessThan(end)
    cut.kill()
    const again = open(disk)
    again.reput()
    expect(bodies(again)).toEqual(['new'])
  })
})

describe('the lock of a store', () => {
  it('is held until the store is left', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    expect(() => open(disk)).toThrow(expect.objectContaining({ code: 'STORE_LOCKED' }))
    stepped.close()
    open(disk).close()
  })
})
