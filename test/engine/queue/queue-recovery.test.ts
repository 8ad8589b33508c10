/**
 * Consume queues that do not match the log: each row over a store of three queue files, which is
 * damaged, opened, and has every message again.
 */
import { describe, expect, it } from 'vitest'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { segmentName } from '../../../engine/format/segment-name.ts'
import { BUILT_UNITS, QUEUE_FILES } from '../../../engine/queue/queue-recovery.ts'
import { expectRowsTested } from '../../helpers/decision-rows.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const UNIT_BYTES = 20
const FILE_BYTES = 16 * UNIT_BYTES
const SEGMENT_BYTES = 4096
const COUNT = 40
const QUEUE = `${ROOT}/consumequeue/T/0`

class Damaged {
  readonly disk = new MemoryDisk()
  /** Where a record in the middle of the log starts. */
  halfOffset = 0

  constructor() {
    const stepped = this.open()
    for (let index = 0; index < COUNT; index += 1) {
      const offset = stepped.append({ body: `${index}` })
      if (index === COUNT / 2) this.halfOffset = offset
      if (index % 4 === 0) stepped.append({ body: `${index}`, topic: 'Other' })
    }
    stepped.close()
  }

  open(): SteppedStore {
    return new SteppedStore(this.disk, ROOT, {
      segmentBytes: SEGMENT_BYTES,
      messageBytesMax: 1024,
      consumeQueueFileBytes: FILE_BYTES,
      indexSlotCount: 16,
      indexEntryCount: 64,
    })
  }

  /** The start of the file with this number. */
  start(fileNumber: number): number {
    return fileNumber * FILE_BYTES
  }

  path(fileNumber: number): string {
    return `${QUEUE}/${segmentName(this.start(fileNumber))}`
  }

  change(path: string, change: (fd: number) => void): this {
    const fd = this.disk.open(path, 'create')
    change(fd)
    this.disk.close(fd)
    return this
  }

  setLength(fileNumber: number, lengthBytes: number): this {
    return this.change(this.path(fileNumber), (fd) => this.disk.setLength(fd, lengthBytes))
  }

  zero(fileNumber: number, start: number, lengthBytes: number): this {
    return this.change(this.path(fileNumber), (fd) => this.disk.zero(fd, start, lengthBytes))
  }
}

/** Opens the store and reads it: all is there, and the queue's files are as Java has them. */
function expectWhole(damaged: Damaged): SteppedStore {
  const stepped = damaged.open()
  stepped.reput()
  const bodies = stepped.readAll('T').map(({ body }) => body.toString())
  expect(bodies).toEqual(Array.from({ length: COUNT }, (_, index) => `${index}`))
  expect(stepped.readAll('Other')).toHaveLength(COUNT / 4)
  expect(damaged.disk.list(QUEUE)).toEqual(
    [0, 1, 2].map((number) => segmentName(damaged.start(number))),
  )
  for (const number of [0, 1, 2]) {
    damaged.change(damaged.path(number), (fd) =>
      expect(damaged.disk.sizeBytes(fd)).toBe(FILE_BYTES),
    )
  }
  expect(stepped.store.tails.tail('T', 0).nextQueueOffset).toBe(COUNT)
  stepped.append({ body: 'next' })
  stepped.reput()
  expect(stepped.readAll('T').at(-1)?.queueOffset).toBe(COUNT)
  return stepped
}

describe('the files of a queue', () => {
  expectRowsTested(QUEUE_FILES)

  it('a foreign file is set aside', () => {
    const damaged = new Damaged().change(`${QUEUE}/notes`, () => undefined)
    const { recovered } = expectWhole(damaged).store
    expect(recovered.redoFromOffset).toBe(recovered.endOffset)
    expect(damaged.disk.exists(`${ROOT}/agena/aside-consumequeue-T-0-notes`)).toBe(true)
  })

  it('a file that begins with a unit is kept', () => {
    const { recovered } = expectWhole(new Damaged()).store
    expect(recovered.redoFromOffset).toBe(recovered.endOffset)
  })

  it('an empty file at the end is kept', () => {
    const damaged = new Damaged()
    damaged.setLength(3, FILE_BYTES)
    const stepped = damaged.open()
    const { redoFromOffset, endOffset } = stepped.store.recovered
    expect(redoFromOffset).toBe(endOffset)
    expect(damaged.disk.list(QUEUE)).toHaveLength(4)
    expect(stepped.readAll('T')).toHaveLength(COUNT)
  })

  it('an empty file before others is built again', () => {
    expectWhole(new Damaged().zero(1, 0, FILE_BYTES))
    expectWhole(new Damaged().zero(0, 0, FILE_BYTES))
  })

  it('a queue that does not start where its file does is built again', () => {
    expectWhole(new Damaged().zero(2, 0, 2 * UNIT_BYTES))
  })

  it('a short file is filled up, and what it lost is built again', () => {
    const damaged = new Damaged().setLength(2, 3 * UNIT_BYTES + 7)
    const { recovered } = expectWhole(damaged).store
    // From its newest unit on, and not from the start of the log.
    expect(recovered.redoFromOffset).toBeGreaterThan(SEGMENT_BYTES - 1)
    expect(recovered.redoFromOffset).toBeLessThan(recovered.endOffset)
    expectWhole(new Damaged().setLength(0, FILE_BYTES - 1))
    expectWhole(new Damaged().setLength(2, 0))
  })

  it('a long file is cut to its length', () => {
    expectWhole(new Damaged().setLength(2, FILE_BYTES + UNIT_BYTES))
    expectWhole(new Damaged().setLength(0, FILE_BYTES + 1))
  })

  it('a file behind a gap is built again', () => {
    const damaged = new Damaged()
    damaged.disk.unlink(damaged.path(1))
    expectWhole(damaged)
    const renamed = new Damaged()
    renamed.disk.rename(renamed.path(2), `${QUEUE}/${segmentName(renamed.start(2) + 1)}`)
    expectWhole(renamed)
  })
})

describe('units that are whole', () => {
  expectRowsTested(BUILT_UNITS)

  it('after a kill queues are cut where the scan starts, and built again', () => {
    const damaged = new Damaged()
    const killed = damaged.open()
    killed.kill()
    // Units that were never on the disk: what stands there may be anything.
    damaged.change(damaged.path(2), (fd) => damaged.disk.write(fd, Buffer.alloc(40, 9), 0, 40, 80))
    const { recovered } = expectWhole(damaged).store
    expect(recovered).toMatchObject({ redoFromOffset: 0, cutOffset: 0 })
  })

  it('queues ahead of the log are cut to it', () => {
    const damaged = new Damaged()
    const first = damaged.open()
    const kept = first.readAll('T').at(COUNT / 2)?.physicalOffset ?? 0
    first.kill()
    // As Java would leave it, which knows no mark, and whose log lost its tail.
    const { disk } = damaged
    for (const name of disk.list(`${ROOT}/agena`)) disk.unlink(`${ROOT}/agena/${name}`)
    disk.unlink(`${ROOT}/abort`)
    for (const name of disk.list(`${ROOT}/commitlog`)) {
      const start = Math.max(0, kept - Number(name))
      if (start >= SEGMENT_BYTES) continue
      damaged.change(`${ROOT}/commitlog/${name}`, (fd) =>
        disk.zero(fd, start, SEGMENT_BYTES - start),
      )
    }
    const stepped = damaged.open()
    expect(stepped.store.recovered).toMatchObject({ endOffset: kept, cutOffset: kept })
    stepped.reput()
    expect(stepped.readAll('T')).toHaveLength(COUNT / 2)
    stepped.append({ body: 'next' })
    stepped.reput()
    expect(stepped.readAll('T').at(-1)?.queueOffset).toBe(COUNT / 2)
  })

  it('queues that reach into the scan are kept', () => {
    const damaged = new Damaged()
    damaged.disk.unlink(`${ROOT}/agena/end.json`)
    const { recovered } = expectWhole(damaged).store
    expect(recovered.cutOffset).toBe(recovered.endOffset)
    expect(recovered.redoFromOffset).toBeGreaterThan(0)
  })

  it('queues behind the log are built again from its start', () => {
    const damaged = new Damaged()
    // An older copy of the queues, and not of one moment.
    for (const number of [1, 2]) damaged.disk.unlink(damaged.path(number))
    damaged.zero(0, 8 * UNIT_BYTES, 8 * UNIT_BYTES)
    const other = `${ROOT}/consumequeue/Other/0/${segmentName(0)}`
    damaged.change(other, (fd) => damaged.disk.zero(fd, UNIT_BYTES, FILE_BYTES - UNIT_BYTES))
    expect(expectWhole(damaged).store.recovered.redoFromOffset).toBe(0)
    // A stop that looks clean, and left the last message without its unit.
    const last = new Damaged().zero(2, ((COUNT - 1) % 16) * UNIT_BYTES, UNIT_BYTES)
    expect(last.disk.exists(`${ROOT}/agena/end.json`)).toBe(true)
    expect(expectWhole(last).store.recovered.redoFromOffset).toBe(0)
  })
})

it('leaves a topic alone that was deleted, although it had the last message', () => {
  const disk = new MemoryDisk()
  const options = { segmentBytes: SEGMENT_BYTES, messageBytesMax: 1024 }
  const stepped = new SteppedStore(disk, ROOT, options)
  stepped.append({ body: 'kept' })
  stepped.append({ topic: 'Gone', body: 'gone' })
  stepped.reput()
  stepped.queues.delete('Gone')
  stepped.close()
  const again = new SteppedStore(disk, ROOT, options)
  const { redoFromOffset, endOffset } = again.store.recovered
  expect(redoFromOffset).toBe(endOffset)
  expect(disk.list(`${ROOT}/consumequeue`)).toEqual(['T'])
})

it('builds the whole queue again when its folder is gone', () => {
  const damaged = new Damaged()
  for (const number of [0, 1, 2]) damaged.disk.unlink(damaged.path(number))
  expect(expectWhole(damaged).store.recovered.redoFromOffset).toBe(0)
})

it('is built to its end although the first starts after the loss are killed', () => {
  const damaged = new Damaged().setLength(0, 7)
  for (let round = 0; round < 3; round += 1) {
    const stepped = damaged.open()
    stepped.reputter.reputStep(damaged.halfOffset)
    stepped.syncQueues()
    stepped.kill()
    if (round === 1) damaged.disk.crash()
  }
  expect(expectWhole(damaged).readAll('Other')).toHaveLength(COUNT / 4)
})

it('fills a queue whose log no longer starts at its offset 0 up with blanks', () => {
  const damaged = new Damaged()
  damaged.disk.unlink(`${ROOT}/commitlog/${segmentName(0)}`)
  for (const number of [0, 1, 2]) damaged.disk.unlink(damaged.path(number))
  const stepped = damaged.open()
  stepped.reput()
  const messages = stepped.readAll('T')
  const { queueOffset: firstOffset, body } = messages[0]!
  expect(firstOffset).toBeGreaterThan(0)
  expect(body.toString()).toBe(`${firstOffset}`)
  expect(messages).toHaveLength(COUNT - firstOffset)
})
