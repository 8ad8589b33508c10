/** The index: rolls, look-ups by time, and what a process that was killed left behind. */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { createUnsyncedFiles } from '../../../engine/file/sync-files.ts'
import { queryIndex } from '../../../engine/queue/index-query.ts'
import { IndexStore, listIndexFiles } from '../../../engine/queue/index-store.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const SIZE = { slotCount: 4, entryCount: 16 }
const BEGIN_MS = 1_700_000_000_000

function open(disk: MemoryDisk): IndexStore {
  const location = { directory: '/index', workDirectory: '/work', ...SIZE }
  return new IndexStore(disk, location)
}

function find(
  disk: MemoryDisk,
  keyHash: number,
  { from = 0, to = Number.MAX_SAFE_INTEGER, countMax = 1000 } = {},
): number[] {
  return queryIndex(disk, {
    directory: '/index',
    ...SIZE,
    keyHash,
    beginTimestampMs: from,
    endTimestampMs: to,
    countMax,
  }).physicalOffsets
}

interface Put {
  readonly key: number
  readonly offset: number
  readonly timeMs: number
}

function model(puts: readonly Put[], key: number): number[] {
  return puts
    .filter((one) => one.key === key)
    .map(({ offset }) => offset)
    .reverse()
}

describe('the index', () => {
  it('finds every message of a key, newest first, across files and time (seeded)', () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    const why = `seed ${random.seed}`
    const disk = new MemoryDisk()
    let index = open(disk)
    let puts: Put[] = []
    let timeMs = BEGIN_MS
    for (let offset = 1; offset < 400; offset += 1) {
      timeMs += random.below(1500)
      const put = { key: random.below(9), offset, timeMs }
      index.put(put.key, offset, timeMs)
      puts.push(put)
      if (random.below(10) === 0) index.writeHeader()
      if (random.below(60) === 0) {
        // As after a kill: some entries are stored that the header does not count.
        const end = Math.max(0, offset - random.below(20))
        index = open(disk)
        index.cut(end, { wasAborted: true })
        puts = puts.filter((one) => one.offset < end)
        for (const lost of puts.filter((one) => one.offset >= index.endPhysicalOffset)) {
          if (lost.offset > index.endPhysicalOffset) index.put(lost.key, lost.offset, lost.timeMs)
        }
      }
    }
    index.writeHeader()
    expect(listIndexFiles(disk, '/index').length, why).toBeGreaterThan(3)
    for (let key = 0; key < 9; key += 1) {
      expect(find(disk, key), `${why}, key ${key}`).toEqual(model(puts, key))
      const from = BEGIN_MS + random.below(timeMs - BEGIN_MS)
      const to = from + random.below(100_000)
      const found = find(disk, key, { from, to })
      const sure = puts.filter((one) => one.timeMs >= from + 1000 && one.timeMs <= to - 1000)
      const possible = puts.filter((one) => one.timeMs >= from - 1000 && one.timeMs <= to + 1000)
      expect(found, `${why}, key ${key}`).toEqual(expect.arrayContaining(model(sure, key)))
      expect(model(possible, key), `${why}, key ${key}`).toEqual(expect.arrayContaining(found))
    }
    expect(find(disk, 1, { countMax: 3 }), why).toEqual(model(puts, 1).slice(0, 3))
  })

  it('shows a message only after its header is stored', () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    index.put(5, 100, BEGIN_MS)
    expect(find(disk, 5)).toEqual([])
    index.writeHeader()
    expect(find(disk, 5)).toEqual([100])
  })

  it('names each file that is to be synced, once, also those that are full', () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    for (let offset = 1; offset < 40; offset += 1) index.put(1, offset, BEGIN_MS)
    index.writeHeader()
    const unsynced = createUnsyncedFiles()
    index.takeUnsynced(unsynced)
    expect(unsynced.paths).toHaveLength(3)
    expect(unsynced.paths).toEqual(listIndexFiles(disk, '/index'))
    expect([...unsynced.folders]).toEqual(['/index'])
    const later = createUnsyncedFiles()
    index.takeUnsynced(later)
    expect(later.paths).toEqual([])
  })

  it('does not put again what an earlier process put last, but its other keys', () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    index.put(1, 100, BEGIN_MS)
    index.put(2, 200, BEGIN_MS)
    index.writeHeader()
    const again = open(disk)
    again.put(2, 200, BEGIN_MS)
    again.put(3, 200, BEGIN_MS)
    again.writeHeader()
    expect([1, 2, 3].map((key) => find(disk, key))).toEqual([[100], [200], [200]])
  })

  it('does not put keys again that lie at the end of the file before', () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    for (let offset = 1; offset < SIZE.entryCount - 1; offset += 1) index.put(1, offset, BEGIN_MS)
    const keys = [2, 3, 4]
    for (const key of keys) index.put(key, 100, BEGIN_MS)
    index.close()
    expect(listIndexFiles(disk, '/index')).toHaveLength(2)
    const later = open(disk)
    for (const key of keys) later.put(key, 100, BEGIN_MS)
    later.writeHeader()
    for (const key of keys) expect(find(disk, key), `key ${key}`).toEqual([100])
  })

  it('is empty again when it is cut before its first message', () => {
    const disk = new MemoryDisk()
    const index = open(disk)
    for (let offset = 1; offset < 40; offset += 1) index.put(offset % 3, offset, BEGIN_MS)
    index.writeHeader()
    const again = open(disk)
    again.cut(0, { wasAborted: true })
    expect(listIndexFiles(disk, '/index')).toEqual([])
    expect(again.endPhysicalOffset).toBe(0)
    again.put(1, 7, BEGIN_MS)
    again.writeHeader()
    expect(find(disk, 1)).toEqual([7])
  })

  it('refuses a file that is none of its own', () => {
    const disk = new MemoryDisk()
    disk.makeDirectory('/index')
    disk.close(disk.open('/index/notes.txt', 'create'))
    expect(() => open(disk)).toThrow(expect.objectContaining({ code: 'STORE_FILE_INVALID' }))
  })
})
