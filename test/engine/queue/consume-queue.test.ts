/** Consume queues, written and read: repeats, gaps, files, cuts, and what has left the log. */
import { describe, expect, it, vi } from 'vitest'
import { DescriptorCache } from '../../../engine/file/descriptor-cache.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { createUnsyncedFiles, syncFiles } from '../../../engine/file/sync-files.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../../../engine/format/consume-queue-format.ts'
import { ConsumeQueue } from '../../../engine/queue/consume-queue.ts'
import { cutConsumeQueue, findQueueEnd } from '../../../engine/queue/consume-queue-files.ts'
import { ConsumeQueueStore } from '../../../engine/queue/consume-queue-store.ts'

const UNITS_IN_FILE = 8
const LOCATION = { directory: '/cq/T/3', fileBytes: UNITS_IN_FILE * CONSUME_QUEUE_UNIT_BYTES }
const TOPIC = Buffer.from('T')

function openStore(disk: MemoryDisk, openFilesMax = 100) {
  const location = { root: '/cq', workDirectory: '/work', fileBytes: LOCATION.fileBytes }
  return new ConsumeQueueStore(disk, location, openFilesMax)
}

/** Puts queue offsets `from` … `to - 1`; each record lies 100 bytes behind the one before. */
function put(store: ConsumeQueueStore, from: number, to: number): void {
  const writer = store.writer(TOPIC, 0, TOPIC.length, 3)
  for (let offset = from; offset < to; offset += 1) store.put(writer, offset, 100 * offset, 100, 7)
  store.writeStaged()
}

function reader(disk: MemoryDisk): ConsumeQueue {
  const descriptors = new DescriptorCache(disk, { intent: 'read', countMax: 10 })
  return new ConsumeQueue(disk, { topic: 'T', queueId: 3, location: LOCATION, descriptors })
}

/** Physical offsets of every unit, `-1` for a pre-blank, from `from` to the first empty place. */
function units(disk: MemoryDisk, from = 0): number[] {
  const queue = reader(disk)
  const target = Buffer.alloc(LOCATION.fileBytes)
  const unit = createConsumeQueueUnit()
  const found: number[] = []
  for (let offset = from; ; ) {
    const count = queue.readUnits(offset, target, target.length)
    for (let index = 0; index < count; index += 1) {
      readConsumeQueueUnit(target, index * CONSUME_QUEUE_UNIT_BYTES, unit)
      if (unit.recordBytes === 0) return found
      found.push(isPreBlankUnit(unit) ? -1 : unit.physicalOffset)
    }
    if (count === 0) return found
    offset += count
  }
}

function records(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, index) => 100 * (from + index))
}

describe('a consume queue', () => {
  it('is not in memory where the page is not in which its first unit ends', () => {
    const disk = new MemoryDisk()
    put(openStore(disk), 0, 5)
    const queue = reader(disk)
    const target = Buffer.alloc(LOCATION.fileBytes)
    vi.spyOn(disk, 'readCached').mockReturnValueOnce(16).mockReturnValueOnce(36)
    expect(queue.readUnits(0, target, target.length)).toBe(-1)
    expect(queue.readUnits(0, target, target.length)).toBe(1)
  })

  it('goes on in a new file when one is full, and has files of one length', () => {
    const disk = new MemoryDisk()
    put(openStore(disk), 0, 2 * UNITS_IN_FILE + 3)
    expect(units(disk)).toEqual(records(0, 2 * UNITS_IN_FILE + 3))
    const names = disk.list(LOCATION.directory)
    expect(names.map(Number)).toEqual([0, 1, 2].map((file) => file * LOCATION.fileBytes))
    for (const name of names) {
      expect(disk.sizeBytes(disk.open(`${LOCATION.directory}/${name}`, 'read'))).toBe(
        LOCATION.fileBytes,
      )
    }
  })

  it('passes over a record that has its unit already, also after a restart', () => {
    const disk = new MemoryDisk()
    const store = openStore(disk)
    put(store, 0, 5)
    put(store, 2, 7)
    const again = openStore(disk)
    put(again, 0, 9)
    expect(units(disk)).toEqual(records(0, 9))
  })

  it('begins with pre-blanks when the log no longer holds its start', () => {
    const disk = new MemoryDisk()
    put(openStore(disk), 2 * UNITS_IN_FILE + 3, 2 * UNITS_IN_FILE + 5)
    const file = 2 * UNITS_IN_FILE
    expect(units(disk, file)).toEqual([-1, -1, -1, ...records(file + 3, file + 5)])
    expect(findQueueEnd(disk, LOCATION)).toBe(file + 5)
    const oldest = reader(disk).minQueueOffset(100 * (file + 3))
    expect(oldest).toBe(file + 3)
    put(openStore(disk), file + 5, file + 6)
    expect(units(disk, file).slice(3)).toEqual(records(file + 3, file + 6))
  })

  it('stages more than its buffer holds', () => {
    const disk = new MemoryDisk()
    const count = 20_000
    put(openStore(disk, 5000), 0, count)
    expect(findQueueEnd(disk, LOCATION)).toBe(count)
    expect(units(disk, count - 10)).toEqual(records(count - 10, count))
  })

  it.each([0, 1, 7, 8, 9, 16, 19, 20])('is cut before unit %i and goes on there', (kept) => {
    const disk = new MemoryDisk()
    put(openStore(disk), 0, 20)
    cutConsumeQueue(disk, LOCATION, 100 * kept, createUnsyncedFiles())
    expect(units(disk)).toEqual(records(0, kept))
    expect(findQueueEnd(disk, LOCATION)).toBe(kept)
    put(openStore(disk), kept, 22)
    expect(units(disk)).toEqual(records(0, 22))
  })

  it('knows its oldest message, whatever part of the log is gone', () => {
    const disk = new MemoryDisk()
    put(openStore(disk), 0, 20)
    const queue = reader(disk)
    for (let oldest = 0; oldest <= 20; oldest += 1) {
      expect(queue.minQueueOffset(100 * oldest)).toBe(oldest)
      expect(queue.findByPhysicalOffset(100 * oldest - 50)).toBe(oldest)
    }
    expect(reader(new MemoryDisk()).minQueueOffset(500)).toBe(0)
  })

  it('refuses a file of a name that RocketMQ never gives', () => {
    const disk = new MemoryDisk()
    put(openStore(disk), 0, 1)
    disk.close(disk.open(`${LOCATION.directory}/00000000000000000007`, 'create'))
    expect(() => findQueueEnd(disk, LOCATION)).toThrow(
      expect.objectContaining({ code: 'STORE_FILE_INVALID' }),
    )
  })
})

describe('all consume queues', () => {
  it('name each file that is to be synced, once, however few may be open', () => {
    const disk = new MemoryDisk()
    const store = openStore(disk, 3)
    for (let queueId = 0; queueId < 10; queueId += 1) {
      store.put(store.writer(TOPIC, 0, 1, queueId), 0, 100 * queueId, 100, 0)
    }
    store.writeStaged()
    const unsynced = createUnsyncedFiles()
    store.takeUnsynced(unsynced, 0)
    const { paths } = unsynced
    expect(new Set(paths).size).toBe(10)
    expect(paths.every((path) => disk.exists(path))).toBe(true)
    const later = createUnsyncedFiles()
    store.takeUnsynced(later, 0)
    expect(later.paths).toEqual([])
    syncFiles(disk, unsynced, '/')
    disk.syncDirectory('/')
    disk.crash()
    for (const [queueId] of paths.entries()) {
      const location = { ...LOCATION, directory: `/cq/T/${queueId}` }
      expect(findQueueEnd(disk, location), `queue ${queueId}`).toBe(1)
    }
  })

  it('delete a topic, and begin anew when it gets messages again', () => {
    const disk = new MemoryDisk()
    const store = openStore(disk)
    put(store, 0, 20)
    const other = Buffer.from('Tx')
    store.put(store.writer(other, 0, 2, 0), 0, 0, 100, 0)
    store.writeStaged()
    store.delete('T')
    expect(disk.list('/cq')).toEqual(['Tx'])
    put(store, 0, 2)
    expect(units(disk)).toEqual(records(0, 2))
  })
})
