/**
 * Goal: a write that the disk takes in part, and then no more of, costs nothing that was
 * acknowledged and leaves nothing that was refused, whether the store goes on or is killed.
 * Method: a disk in memory that is full after so many bytes of one file, at every step of a write.
 */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const OPTIONS = {
  segmentBytes: 32 * 1024,
  messageBytesMax: 8 * 1024,
  consumeQueueFileBytes: 20 * 16,
  indexSlotCount: 16,
  indexEntryCount: 64,
} satisfies StoreOptions
const PAGE = 4096
/** No divisor of a block, a page, a unit or a record: writes end anywhere in them. */
const STEP_BYTES = 331

class FillingDisk extends MemoryDisk {
  readonly #paths = new Map<number, string>()
  #matches: RegExp | undefined
  #leftBytes = 0
  refusedCount = 0

  /** Takes so many more bytes of files whose path matches, then no more. */
  fillAfter(leftBytes: number, matches: RegExp): void {
    this.#leftBytes = leftBytes
    this.#matches = matches
  }

  makeRoom(): void {
    this.#matches = undefined
  }

  override open(path: string, intent: 'read' | 'write' | 'create'): number {
    const fd = super.open(path, intent)
    this.#paths.set(fd, path)
    return fd
  }

  override write(
    fd: number,
    source: Buffer,
    start: number,
    lengthBytes: number,
    position: number,
  ): number {
    if (this.#matches?.test(this.#paths.get(fd) ?? '') !== true) {
      return super.write(fd, source, start, lengthBytes, position)
    }
    if (this.#leftBytes === 0) {
      this.refusedCount += 1
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    const taken = Math.min(lengthBytes, this.#leftBytes)
    this.#leftBytes -= taken
    return super.write(fd, source, start, taken, position)
  }
}

function open(disk: MemoryDisk): SteppedStore {
  return new SteppedStore(disk, ROOT, OPTIONS)
}

function bodies(stepped: SteppedStore): string[] {
  stepped.reput()
  return stepped.readAll().map(({ body }) => body.toString().slice(0, 5))
}

/** Message as long as some pages, so that whole records and parts of some reach the file. */
function stageTurn(stepped: SteppedStore, name: string): void {
  for (const part of [1, 2, 3]) {
    stepped.stage({ body: `${name} ${part}`.padEnd(PAGE - part * 700, '.') })
  }
}

describe('a turn of which the log takes a part', () => {
  const counts = Array.from({ length: 35 }, (_, index) => index * STEP_BYTES)

  it.each(counts)('of %i bytes is refused, and the next one stands in its place', (leftBytes) => {
    const disk = new FillingDisk()
    const stepped = open(disk)
    stepped.append({ body: 'kept' })
    disk.fillAfter(leftBytes, /commitlog/)
    stageTurn(stepped, 'bad')
    const { log } = stepped.store
    const before = log.writtenOffset
    expect(log.commitTurn()).toBe(false)
    expect(disk.refusedCount).toBe(1)
    expect([log.writtenOffset, log.appendedOffset]).toEqual([before, before])
    expect(log.obstacle?.code).toBe('STORE_DISK_FULL')
    expect(bodies(stepped)).toEqual(['kept'])
    disk.makeRoom()
    expect(stepped.append({ body: 'good' })).toBe(before)
    expect(log.obstacle).toBeUndefined()
    expect(bodies(stepped)).toEqual(['kept', 'good'])
    stepped.kill()
    expect(bodies(open(disk))).toEqual(['kept', 'good'])
  })

  it.each(counts)('of %i bytes is not there after a kill', (leftBytes) => {
    const disk = new FillingDisk()
    const stepped = open(disk)
    stepped.append({ body: 'kept' })
    disk.fillAfter(leftBytes, /commitlog/)
    stageTurn(stepped, 'bad')
    expect(stepped.store.log.commitTurn()).toBe(false)
    stepped.kill()
    disk.makeRoom()
    const again = open(disk)
    expect(bodies(again)).toEqual(['kept'])
    again.append({ body: 'good' })
    expect(bodies(again)).toEqual(['kept', 'good'])
  })
})

describe.each([
  ['a consume queue', /consumequeue/, 55],
  ['the checkpoint', /making-checkpoint/, PAGE],
  ['the mark of the index', /making-index/, 60],
  ['the topics that were deleted', /making-deleted/, 14],
])('%s that is written in part', (_name, matches, totalBytes) => {
  const counts = Array.from({ length: 10 }, (_, index) => Math.floor((index * totalBytes) / 10))

  it.each(counts)('of %i bytes costs no message, then or after the next start', (leftBytes) => {
    const disk = new FillingDisk()
    const stepped = open(disk)
    const wanted = ['1', '2', '3'].map((body) => {
      stepped.append({ body, keys: body })
      return body
    })
    stepped.append({ topic: 'gone', body: 'x' })
    disk.fillAfter(leftBytes, matches)
    const act = () => {
      stepped.reput()
      stepped.flush()
      stepped.syncQueues()
      stepped.deleteTopic('gone')
    }
    expect(act).toThrow('ENOSPC')
    stepped.kill()
    disk.makeRoom()
    const again = open(disk)
    expect(bodies(again)).toEqual(wanted)
    again.append({ body: '4' })
    again.syncQueues()
    again.deleteTopic('gone')
    again.close()
    const last = open(disk)
    expect(bodies(last)).toEqual([...wanted, '4'])
    expect(last.topics()).toEqual(['T'])
  })
})
