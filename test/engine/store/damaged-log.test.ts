/**
 * Torn is not corrupt: what is not whole behind the durable point is cut, what is not whole before
 * it keeps the store from being opened until somebody decides.
 */
import { describe, expect, it } from 'vitest'
import type { StoreErrorCode } from '../../../engine/base/errors.ts'
import { StoreError } from '../../../engine/base/errors.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { createCheckpoint } from '../../../engine/format/checkpoint-format.ts'
import { segmentName } from '../../../engine/format/segment-name.ts'
import { loadDurableMark, saveDurableMark } from '../../../engine/store/durable-mark.ts'
import { loadCheckpoint, saveCheckpoint } from '../../../engine/store/store-checkpoint.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { repairStore } from '../../../engine/store/store-repair.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const SEGMENT_BYTES = 16 * 1024
const LAYOUT = storeLayout(ROOT)
const DRY = { isDryRun: true, isWholeLog: false }
const REPAIR = { isDryRun: false, isWholeLog: false }

function open(disk: MemoryDisk, options: StoreOptions = {}): SteppedStore {
  return new SteppedStore(disk, ROOT, {
    segmentBytes: SEGMENT_BYTES,
    messageBytesMax: 8 * 1024,
    indexSlotCount: 16,
    indexEntryCount: 64,
    ...options,
  })
}

/** A store of `count` messages, and where they start. */
function filled(count: number, bodyBytes = 10): { disk: MemoryDisk; offsets: number[] } {
  const disk = new MemoryDisk()
  const stepped = open(disk)
  const offsets = Array.from({ length: count }, (_, index) => {
    return stepped.append({ body: `${index}`.padEnd(bodyBytes) })
  })
  stepped.close()
  return { disk, offsets }
}

function write(disk: MemoryDisk, offset: number, bytes: Buffer): void {
  const position = offset % SEGMENT_BYTES
  const fd = disk.open(`${LAYOUT.commitLog}/${segmentName(offset - position)}`, 'write')
  disk.write(fd, bytes, 0, bytes.length, position)
  disk.close(fd)
}

function content(disk: MemoryDisk, path: string): Buffer {
  const fd = disk.open(path, 'read')
  const bytes = Buffer.alloc(disk.sizeBytes(fd))
  disk.read(fd, bytes, 0, bytes.length, 0)
  disk.close(fd)
  return bytes
}

/** Every file and its bytes. */
function snapshot(disk: MemoryDisk, folder = ROOT): Map<string, string> {
  const found = new Map<string, string>()
  for (const name of disk.list(folder)) {
    const path = `${folder}/${name}`
    const below = snapshot(disk, path)
    if (below.size === 0 && disk.list(path).length === 0 && isFile(disk, path)) {
      found.set(path, content(disk, path).toString('hex'))
    }
    for (const [inner, bytes] of below) found.set(inner, bytes)
  }
  return found
}

function isFile(disk: MemoryDisk, path: string): boolean {
  try {
    disk.close(disk.open(path, 'read'))
    return true
  } catch (error) {
    if (error instanceof Error) return false
    throw error
  }
}

function refusal(run: () => unknown): { code: StoreErrorCode; message: string } {
  try {
    run()
  } catch (error) {
    if (error instanceof StoreError) return error
    throw error
  }
  throw new Error('it was not refused')
}

function countOf(stepped: SteppedStore): number {
  stepped.reput()
  return stepped.readAll().length
}

describe('the durable mark', () => {
  it('moves with each flush, and is exact after a clean stop', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    const { log } = stepped.store
    expect(loadDurableMark(disk, LAYOUT)).toEqual({ durableOffset: 0, segmentBytes: SEGMENT_BYTES })
    stepped.append()
    const flushed = log.writtenOffset
    stepped.flush()
    stepped.append()
    expect(loadDurableMark(disk, LAYOUT)?.durableOffset).toBe(flushed)
    stepped.close()
    expect(loadDurableMark(disk, LAYOUT)?.durableOffset).toBe(log.writtenOffset)
  })

  it('is what the recovery after a kill made durable', () => {
    const disk = new MemoryDisk()
    const stepped = open(disk)
    stepped.append()
    const end = stepped.store.log.writtenOffset
    stepped.kill()
    open(disk).kill()
    disk.crash()
    expect(loadDurableMark(disk, LAYOUT)?.durableOffset).toBe(end)
    expect(countOf(open(disk))).toBe(1)
  })

  it('that is not whole is none', () => {
    const { disk, offsets } = filled(5)
    const fd = disk.open(`${LAYOUT.work}/durable`, 'write')
    disk.write(fd, Buffer.of(9), 0, 1, 12)
    disk.unlink(`${LAYOUT.work}/end.json`)
    write(disk, offsets[3] ?? 0, Buffer.alloc(50, 0xee))
    expect(countOf(open(disk))).toBe(3)
  })
})

describe('damage before the durable point', () => {
  it('refuses the start, says where, what and what to do, and changes nothing', () => {
    const { disk, offsets } = filled(10)
    const at = offsets[6] ?? 0
    write(disk, at, Buffer.alloc(30, 0xee))
    disk.unlink(`${LAYOUT.work}/end.json`)
    const before = snapshot(disk)
    const { code, message } = refusal(() => open(disk))
    expect(code).toBe('STORE_LOG_CORRUPT')
    expect(message).toContain(
      `damaged at ${at} (${LAYOUT.commitLog}/${segmentName(0)}, byte ${at})`,
    )
    expect(message).toContain('bytes that are no record')
    expect(message).toContain(`agena store verify ${ROOT}`)
    expect(message).toContain(`agena store repair ${ROOT} --dry-run`)
    expect(snapshot(disk)).toEqual(before)
  })

  it('is cut where the setting says so, with all that was cut kept', () => {
    const { disk, offsets } = filled(60, 500)
    const at = offsets[6] ?? 0
    write(disk, at, Buffer.alloc(30, 0xee))
    const segments = disk.list(LAYOUT.commitLog)
    const bytes = content(disk, `${LAYOUT.commitLog}/${segments[0]}`)
    saveCheckpoint(disk, LAYOUT, { ...createCheckpoint(), commitLogTimestampMs: Date.now() + 9 })
    // Only a scan from there on meets it.
    disk.unlink(`${LAYOUT.work}/end.json`)
    for (const name of disk.list(`${LAYOUT.consumeQueue}/T/0`)) {
      disk.unlink(`${LAYOUT.consumeQueue}/T/0/${name}`)
    }
    expect(refusal(() => open(disk)).code).toBe('STORE_LOG_CORRUPT')
    const stepped = open(disk, { onCorruption: 'cut' })
    expect(stepped.store.recovered.endOffset).toBe(at)
    expect(countOf(stepped)).toBe(6)
    const kept = content(disk, `${LAYOUT.work}/cut-${segmentName(at)}`)
    expect(kept.length).toBeGreaterThan(1000)
    expect(kept.equals(bytes.subarray(at, at + kept.length))).toBe(true)
    expect(segments.length).toBe(3)
    for (const name of segments.slice(1))
      expect(disk.exists(`${LAYOUT.work}/cut-${name}`)).toBe(true)
    expect(loadCheckpoint(disk, LAYOUT).commitLogTimestampMs).toBeLessThanOrEqual(Date.now())
    stepped.append({ body: 'next' })
    stepped.close()
    expect(countOf(open(disk))).toBe(7)
  })

  it('is the loss of the whole log, too', () => {
    const { disk } = filled(3)
    disk.unlink(`${LAYOUT.commitLog}/${segmentName(0)}`)
    expect(refusal(() => open(disk)).message).toContain('damaged at 0')
    expect(countOf(open(disk, { onCorruption: 'cut' }))).toBe(0)
    expect(loadDurableMark(disk, LAYOUT)?.durableOffset).toBe(0)
  })

  it('is a segment that lost its end, the only one as well', () => {
    const { disk, offsets } = filled(10)
    const fd = disk.open(`${LAYOUT.commitLog}/${segmentName(0)}`, 'write')
    disk.setLength(fd, (offsets[4] ?? 0) + 20)
    expect(refusal(() => open(disk)).code).toBe('STORE_FILE_INVALID')
    expect(countOf(open(disk, { onCorruption: 'cut' }))).toBe(4)
    expect(disk.sizeBytes(fd)).toBe(SEGMENT_BYTES)
  })
})

describe('a torn tail', () => {
  it('is cut and kept, also where it stands behind zeros', () => {
    const { disk, offsets } = filled(3)
    const stepped = open(disk)
    const end = stepped.store.log.writtenOffset
    stepped.kill()
    write(disk, end + 1000, Buffer.from('torn'))
    const again = open(disk)
    expect(again.store.recovered.endOffset).toBe(end)
    expect(countOf(again)).toBe(offsets.length)
    const kept = content(disk, `${LAYOUT.work}/torn-${segmentName(end)}`)
    expect(kept.subarray(1000).toString()).toBe('torn')
    expect(kept.subarray(0, 1000).every((byte) => byte === 0)).toBe(true)
    const rest = content(disk, `${LAYOUT.commitLog}/${segmentName(0)}`).subarray(end)
    expect(rest.every((byte) => byte === 0)).toBe(true)
  })

  it('of another kill is kept beside it, the oldest are removed', () => {
    const { disk } = filled(1)
    for (let round = 0; round < 12; round += 1) {
      const stepped = open(disk)
      stepped.append({ body: `${round}` })
      const end = stepped.store.log.writtenOffset
      stepped.kill()
      write(disk, end, Buffer.from('torn'))
    }
    expect(countOf(open(disk))).toBe(13)
    expect(disk.list(LAYOUT.work).filter((name) => name.startsWith('torn-'))).toHaveLength(8)
  })

  it('leaves no bytes in the next segment either', () => {
    const { disk } = filled(1)
    open(disk).kill()
    write(disk, SEGMENT_BYTES + 3000, Buffer.from('torn'))
    const stepped = open(disk)
    expect(stepped.store.recovered.nextSegment?.startOffset).toBe(SEGMENT_BYTES)
    const next = content(disk, `${LAYOUT.commitLog}/${segmentName(SEGMENT_BYTES)}`)
    expect(next.every((byte) => byte === 0)).toBe(true)
    const kept = content(disk, `${LAYOUT.work}/torn-${segmentName(SEGMENT_BYTES)}`)
    expect(kept.subarray(3000).toString()).toBe('torn')
  })
})

describe('a repair', () => {
  function damaged(): { disk: MemoryDisk; offsets: number[]; at: number } {
    const { disk, offsets } = filled(60, 500)
    const at = offsets[55] ?? 0
    write(disk, at, Buffer.alloc(30, 0xee))
    disk.unlink(`${LAYOUT.work}/end.json`)
    return { disk, offsets, at }
  }

  it('says what it would do, and changes nothing', () => {
    const { disk, at } = damaged()
    expect(refusal(() => open(disk)).code).toBe('STORE_LOG_CORRUPT')
    const before = snapshot(disk)
    const { cut, damages, durableOffset } = repairStore(disk, ROOT, DRY)
    expect(durableOffset).toBe(loadDurableMark(disk, LAYOUT)?.durableOffset)
    expect(damages).toMatchObject([{ offset: at, position: at % SEGMENT_BYTES }])
    expect(cut).toMatchObject({ offset: at, keptAs: `${LAYOUT.work}/cut-${segmentName(at)}` })
    expect([...(cut?.lostRecords ?? [])]).toEqual([['T', 4]])
    expect(snapshot(disk)).toEqual(before)
  })

  it('lets the store be opened again with all before the damage, and keeps the rest', () => {
    const { disk, at } = damaged()
    const { cut } = repairStore(disk, ROOT, REPAIR)
    expect(content(disk, cut?.keptAs ?? '').indexOf('56 ')).toBeGreaterThan(0)
    expect(repairStore(disk, ROOT, DRY)).toMatchObject({ cut: undefined, damages: [] })
    const stepped = open(disk)
    expect(stepped.store.recovered.endOffset).toBe(at)
    expect(countOf(stepped)).toBe(55)
    stepped.append({ body: 'next' })
    stepped.close()
    expect(countOf(open(disk))).toBe(56)
  })

  it('cuts where a start does not look only when it is asked to', () => {
    const { disk, offsets } = filled(60, 500)
    const at = offsets[2] ?? 0
    write(disk, at, Buffer.alloc(30, 0xee))
    const found = repairStore(disk, ROOT, REPAIR)
    expect(found).toMatchObject({ damages: [{ offset: at }], cut: undefined })
    const { cut } = repairStore(disk, ROOT, { isDryRun: false, isWholeLog: true })
    expect(cut?.offset).toBe(at)
    expect(cut?.segmentsAside.length).toBeGreaterThan(1)
    expect(disk.list(LAYOUT.commitLog)).toEqual([segmentName(0)])
    expect(countOf(open(disk))).toBe(2)
  })

  it('never overwrites what an earlier one kept', () => {
    const { disk, at } = damaged()
    const first = repairStore(disk, ROOT, REPAIR).cut?.keptAs ?? ''
    const bytes = content(disk, first)
    const stepped = open(disk)
    expect(stepped.append({ body: 'again' })).toBe(at)
    stepped.close()
    write(disk, at, Buffer.alloc(30, 0xdd))
    disk.unlink(`${LAYOUT.work}/end.json`)
    const second = repairStore(disk, ROOT, REPAIR).cut?.keptAs ?? ''
    expect(second).toBe(`${first}-2`)
    expect(content(disk, second).indexOf('again')).toBeGreaterThan(0)
    expect(content(disk, first).equals(bytes)).toBe(true)
    expect(countOf(open(disk))).toBe(55)
  })

  it('sets the mark back for a log that ends before it', () => {
    const { disk } = filled(3)
    const end = loadDurableMark(disk, LAYOUT)?.durableOffset ?? 0
    const mark = { durableOffset: end + 5, segmentBytes: SEGMENT_BYTES }
    saveDurableMark(disk, LAYOUT, mark)
    expect(refusal(() => open(disk)).code).toBe('STORE_LOG_CORRUPT')
    expect(repairStore(disk, ROOT, REPAIR).cut?.offset).toBe(end)
    expect(countOf(open(disk))).toBe(3)
  })

  it('refuses a store that is in use, and a folder that is none', () => {
    const { disk } = filled(1)
    const stepped = open(disk)
    expect(refusal(() => repairStore(disk, ROOT, REPAIR)).code).toBe('STORE_LOCKED')
    expect(refusal(() => repairStore(disk, ROOT, DRY)).code).toBe('STORE_LOCKED')
    stepped.close()
    expect(refusal(() => repairStore(disk, '/none', DRY)).code).toBe('STORE_DIRECTORY_UNUSABLE')
  })
})
