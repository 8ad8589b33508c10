/** The appender over a disk in memory that counts writes and fails when told to. */
import { describe, expect, it, vi } from 'vitest'
import type { StoreError } from '../../../engine/base/errors.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { createRecordSource, type RecordSource } from '../../../engine/format/record-encoder.ts'
import { BLANK_RECORD_BYTES } from '../../../engine/format/record-format.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import { CommitLog, type CommitLogListener } from '../../../engine/log/commit-log.ts'
import { LogScanner, ScanStep } from '../../../engine/log/log-scanner.ts'
import { LogSegment } from '../../../engine/log/log-segment.ts'
import { LogSegments } from '../../../engine/log/log-segments.ts'
import { QueueTail } from '../../../engine/log/queue-tail.ts'

const SEGMENT_BYTES = 64 * 1024
const PAGE = 4096
const HOST = Buffer.from([127, 0, 0, 1, 0, 0, 0, 1])

class CountingDisk extends MemoryDisk {
  readonly writes: { position: number; lengthBytes: number }[] = []
  failWith: string | undefined
  shortenTo = Number.MAX_SAFE_INTEGER
  /** There is no space behind this position. */
  failAfterBytes = Number.MAX_SAFE_INTEGER

  override write(
    fd: number,
    source: Buffer,
    start: number,
    lengthBytes: number,
    position: number,
  ): number {
    if (this.failWith !== undefined) {
      throw Object.assign(new Error(this.failWith), { code: this.failWith })
    }
    if (position >= this.failAfterBytes) {
      throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' })
    }
    this.writes.push({ position, lengthBytes })
    return super.write(fd, source, start, Math.min(lengthBytes, this.shortenTo), position)
  }
}

class Heard implements CommitLogListener {
  written: number[] = []
  takenBack: { from: number; error: StoreError }[] = []
  wanted: number[] = []
  turns = 0

  onWritten(offset: number): void {
    this.written.push(offset)
  }

  onTakenBack(from: number, error: StoreError): void {
    this.takenBack.push({ from, error })
  }

  onSegmentWanted(startOffset: number): void {
    this.wanted.push(startOffset)
  }

  onTurnStarted(): void {
    this.turns += 1
  }
}

function makeSegment(disk: MemoryDisk, startOffset: number): LogSegment {
  disk.makeDirectory('/log')
  const path = `/log/${String(startOffset).padStart(20, '0')}`
  const fd = disk.open(path, 'create')
  disk.setLength(fd, SEGMENT_BYTES)
  disk.close(fd)
  return new LogSegment(disk, { startOffset, sizeBytes: SEGMENT_BYTES, path })
}

function setUp(messageBytesMax = 32 * 1024) {
  const disk = new CountingDisk()
  const segment = makeSegment(disk, 0)
  const segments = new LogSegments(SEGMENT_BYTES)
  segments.push(segment)
  const heard = new Heard()
  const log = new CommitLog(disk, { segments, segment, endOffset: 0 }, { messageBytesMax }, heard)
  return { disk, log, heard, tail: new QueueTail('T', 0, 0) }
}

function message(bodyBytes: number, fill = 'x'): RecordSource {
  const source = createRecordSource()
  source.topic = Buffer.from('T')
  source.topicEnd = 1
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.alloc(bodyBytes, fill)
  source.bodyEnd = bodyBytes
  return source
}

function scan(disk: MemoryDisk, until: number): string[] {
  const location = { directory: '/log', segmentBytes: SEGMENT_BYTES }
  const scanner = new LogScanner(disk, location, { checkCrc: true })
  const found: string[] = []
  for (let offset = 0; offset < until; ) {
    const step = scanner.at(offset, until)
    if (step === ScanStep.SEGMENT_END) {
      offset = scanner.segmentEnd(offset)
      continue
    }
    if (step === ScanStep.END) break
    expect(step).toBe(ScanStep.RECORD)
    found.push(`${offset}:${scanner.view.queueOffset}`)
    offset += scanner.view.totalBytes
  }
  scanner.close()
  return found
}

describe('a turn', () => {
  it('is one write, filled with zeros to the next page', () => {
    const { disk, log, heard, tail } = setUp()
    for (let count = 0; count < 10; count += 1) {
      expect(log.append(message(100), tail)).toBe(AppendOutcome.APPENDED)
    }
    expect(heard.turns).toBe(1)
    expect(disk.writes).toEqual([])
    expect(log.commitTurn()).toBe(true)
    expect(disk.writes).toEqual([{ position: 0, lengthBytes: PAGE }])
    expect(heard.written).toEqual([log.writtenOffset])
    expect(tail.nextQueueOffset).toBe(10)
    expect(scan(disk, log.writtenOffset)).toHaveLength(10)
  })

  it('goes on where the last one ended, and overwrites only its zeros', () => {
    const { disk, log, tail } = setUp()
    log.append(message(100), tail)
    log.commitTurn()
    const end = log.writtenOffset
    log.append(message(PAGE), tail)
    log.commitTurn()
    expect(disk.writes[1]?.position).toBe(end)
    expect(scan(disk, log.writtenOffset)).toEqual(['0:0', `${end}:1`])
  })

  it('goes on after a short write', () => {
    const { disk, log, tail } = setUp()
    disk.shortenTo = 1000
    log.append(message(3000), tail)
    expect(log.commitTurn()).toBe(true)
    expect(disk.writes.length).toBeGreaterThan(1)
    expect(scan(disk, log.writtenOffset)).toEqual(['0:0'])
  })

  it('writes early when the staging buffer is full, and ends with nothing left', () => {
    const { disk, log, tail } = setUp()
    const body = 30 * 1024
    expect(log.append(message(body), tail)).toBe(AppendOutcome.APPENDED)
    expect(log.append(message(body), tail)).toBe(AppendOutcome.APPENDED)
    log.commitTurn()
    expect(log.commitTurn()).toBe(true)
    expect(scan(disk, log.writtenOffset)).toHaveLength(2)
  })
})

describe('a failed write', () => {
  it('takes the whole turn back, and the listener knows from where', () => {
    const { disk, log, heard, tail } = setUp()
    const other = new QueueTail('T', 1, 7)
    log.append(message(100), tail)
    log.commitTurn()
    const before = log.writtenOffset
    disk.failWith = 'EIO'
    log.append(message(100), tail)
    log.append(message(100), other)
    log.append(message(100), tail)
    expect(log.commitTurn()).toBe(false)
    expect([tail.nextQueueOffset, other.nextQueueOffset]).toEqual([1, 7])
    expect(log.appendedOffset).toBe(before)
    expect(heard.takenBack.map(({ from }) => from)).toEqual([before])
    expect(heard.takenBack[0]?.error.code).toBe('STORE_IO_FAILED')
  })

  it('ends all writing, since what the file holds is unknown', () => {
    const { disk, log, tail } = setUp()
    disk.failWith = 'EIO'
    log.append(message(10), tail)
    log.commitTurn()
    disk.failWith = undefined
    expect(log.append(message(10), tail)).toBe(AppendOutcome.READ_ONLY)
    expect(log.refusal?.code).toBe('STORE_IO_FAILED')
  })

  it('for want of space is tried again at the same place', () => {
    const { disk, log, tail } = setUp()
    disk.failWith = 'ENOSPC'
    log.append(message(10), tail)
    expect(log.commitTurn()).toBe(false)
    expect(log.obstacle?.code).toBe('STORE_DISK_FULL')
    disk.failWith = undefined
    expect(log.append(message(10), tail)).toBe(AppendOutcome.APPENDED)
    expect(log.commitTurn()).toBe(true)
    expect(log.obstacle).toBeUndefined()
    expect(scan(disk, log.writtenOffset)).toEqual(['0:0'])
  })
})

describe('a write that fails half-way', () => {
  /** Takes a turn back of which whole records are in the file. */
  function failHalfWay(): ReturnType<typeof setUp> & { appendHalfPage: () => void } {
    const parts = setUp()
    const { disk, log, tail } = parts
    // Records begin where pages do: what is left of a turn may adjoin what comes in its place.
    const body = PAGE / 2 - recordOverhead()
    const appendHalfPage = () => {
      expect(log.append(message(body), tail)).toBe(AppendOutcome.APPENDED)
    }
    for (let count = 0; count < 8; count += 1) appendHalfPage()
    disk.shortenTo = 3 * PAGE
    disk.failAfterBytes = 3 * PAGE
    expect(log.commitTurn()).toBe(false)
    disk.shortenTo = Number.MAX_SAFE_INTEGER
    disk.failAfterBytes = Number.MAX_SAFE_INTEGER
    return { ...parts, appendHalfPage }
  }

  it('leaves nothing that the next start would take for records', () => {
    const { disk, log } = failHalfWay()
    expect(log.obstacle?.code).toBe('STORE_DISK_FULL')
    expect(disk.writes.length).toBeGreaterThan(0)
    expect(scan(disk, SEGMENT_BYTES)).toEqual([])
  })

  it('and cannot be wiped is covered by the next write', () => {
    const zero = vi.spyOn(MemoryDisk.prototype, 'zero').mockImplementationOnce(() => {
      throw new Error('not now')
    })
    const { disk, log, appendHalfPage } = failHalfWay()
    expect(zero).toHaveBeenCalledTimes(1)
    zero.mockRestore()
    expect(scan(disk, SEGMENT_BYTES)).toHaveLength(6)
    for (let count = 0; count < 2; count += 1) {
      appendHalfPage()
      expect(log.commitTurn()).toBe(true)
    }
    expect(log.writtenOffset).toBe(PAGE)
    expect(scan(disk, SEGMENT_BYTES)).toEqual(['0:0', `${PAGE / 2}:1`])
  })
})

/** What a record has besides its body. */
function recordOverhead(): number {
  const { log, tail } = setUp()
  log.append(message(0), tail)
  return log.lastRecordBytes
}

describe('the end of a segment', () => {
  it('is closed with a blank record, and readers go on in the next one', () => {
    const { disk, log, heard, tail } = setUp()
    log.offerSegment(makeSegment(disk, SEGMENT_BYTES))
    const sizes = [30_000, 30_000, 10_000]
    for (const size of sizes) expect(log.append(message(size), tail)).toBe(AppendOutcome.APPENDED)
    log.commitTurn()
    expect(heard.wanted).toEqual([2 * SEGMENT_BYTES])
    const found = scan(disk, log.writtenOffset)
    expect(found).toHaveLength(3)
    expect(found[2]).toBe(`${SEGMENT_BYTES}:2`)
    expect(heard.written).toContain(SEGMENT_BYTES)
    expect(heard.written.every((offset) => offset % SEGMENT_BYTES < SEGMENT_BYTES - 100)).toBe(true)
  })

  it.each([0, 1])('keeps room for the blank: %i bytes too many roll', (tooMany) => {
    const { disk, log, tail } = setUp(SEGMENT_BYTES)
    log.offerSegment(makeSegment(disk, SEGMENT_BYTES))
    log.append(message(0), tail)
    const overhead = log.lastRecordBytes
    const room = SEGMENT_BYTES - overhead - BLANK_RECORD_BYTES
    log.append(message(room - overhead + tooMany), tail)
    expect(log.lastPhysicalOffset).toBe(tooMany === 0 ? overhead : SEGMENT_BYTES)
    log.commitTurn()
    expect(scan(disk, log.writtenOffset)).toHaveLength(2)
  })

  it('holds messages while the next segment is not ready, and takes them when it is', () => {
    const { disk, log, tail } = setUp()
    log.append(message(30_000), tail)
    log.append(message(30_000), tail)
    expect(log.append(message(30_000), tail)).toBe(AppendOutcome.NOT_READY)
    expect(tail.nextQueueOffset).toBe(2)
    log.offerSegment(makeSegment(disk, SEGMENT_BYTES))
    expect(log.append(message(30_000), tail)).toBe(AppendOutcome.APPENDED)
  })
})

describe('limits', () => {
  it('refuse what a segment cannot hold', () => {
    const { log, tail } = setUp(2 * SEGMENT_BYTES)
    expect(log.append(message(SEGMENT_BYTES), tail)).toBe(AppendOutcome.SEGMENT_TOO_SMALL)
    expect([log.appendedOffset, tail.nextQueueOffset]).toEqual([0, 0])
  })

  it('refuse what a record cannot hold and leave the log as it was', () => {
    const { log, tail } = setUp(1000)
    expect(log.append(message(1001), tail)).toBe(AppendOutcome.MESSAGE_TOO_LARGE)
    const wide = message(1)
    wide.topic = Buffer.alloc(40_000, 't')
    wide.topicEnd = 40_000
    expect(log.append(wide, tail)).toBe(AppendOutcome.TOPIC_TOO_LONG)
    const rich = message(1)
    rich.properties = Buffer.alloc(40_000, 'p')
    rich.propertiesEnd = 40_000
    expect(log.append(rich, tail)).toBe(AppendOutcome.PROPERTIES_TOO_LONG)
    expect(log.appendedOffset).toBe(0)
    expect(tail.nextQueueOffset).toBe(0)
  })
})
