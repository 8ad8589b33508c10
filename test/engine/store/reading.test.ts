/** Every way a read by queue offset ends, and look-ups by time. */
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { DISK_BLOCK_BYTES } from '../../../engine/base/units.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { segmentPath } from '../../../engine/file/store-layout.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  tagsCodeOfUtf8,
} from '../../../engine/format/consume-queue-format.ts'
import { createRecordView, readRecord } from '../../../engine/format/record-decoder.ts'
import {
  PHYSICAL_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECORD_SIZE_AT,
} from '../../../engine/format/record-format.ts'
import { searchQueueByTime } from '../../../engine/queue/queue-time-search.ts'
import type { GetResult } from '../../../engine/store/get-result.ts'
import { GetStatus } from '../../../engine/store/get-status.ts'
import { TagsFilter } from '../../../engine/store/message-filter.ts'
import { BELIEVED_MS } from '../../../engine/store/resident-blocks.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { messagesOf, SteppedStore } from '../../helpers/stepped-store.ts'

const ROOT = '/store'
const SEGMENT_BYTES = 8 * 1024
const OPTIONS = {
  segmentBytes: SEGMENT_BYTES,
  messageBytesMax: 4 * 1024,
  consumeQueueFileBytes: 20 * 16,
  indexSlotCount: 16,
  indexEntryCount: 1000,
}

function filled(
  count: number,
  bodyBytes = 100,
  options: StoreOptions = OPTIONS,
): { disk: MemoryDisk; stepped: SteppedStore } {
  const disk = new MemoryDisk()
  const stepped = new SteppedStore(disk, ROOT, options)
  for (let index = 0; index < count; index += 1) {
    stepped.append({ body: `${index}`.padEnd(bodyBytes, '.'), tags: index % 3 === 0 ? 'A' : 'B' })
  }
  stepped.reput()
  return { disk, stepped }
}

function tag(name: string): TagsFilter {
  const bytes = Buffer.from(name)
  return new TagsFilter([tagsCodeOfUtf8(bytes, 0, bytes.length)])
}

/** Moves the time on by as much as anything is believed to be in memory. */
function clock(): { later(): void } {
  let now = performance.now()
  const spy = vi.spyOn(performance, 'now').mockImplementation(() => now)
  onTestFinished(() => spy.mockRestore())
  return {
    later() {
      now += BELIEVED_MS
    },
  }
}

const CORRUPT = expect.objectContaining({ code: 'STORE_RECORD_CORRUPT' })

interface FoundRecord {
  readonly bytes: Buffer
  readonly start: number
  /** Lets the record say that it is of another topic, or of its own again. */
  readonly flipTopic: () => void
}

/** A record of queue 0, whose segment has left memory and come back from the disk. */
function leftMemory(stepped: SteppedStore, queueOffset: number): FoundRecord {
  const [slice] = stepped.get(queueOffset, { messageCountMax: 1 }).slices
  const { segment, start } = slice!
  const { bytes } = segment.region
  const view = createRecordView()
  readRecord(bytes, start, bytes.length, view, { checkCrc: true })
  const time = clock()
  time.later()
  const isResident = vi.spyOn(segment.region, 'isResident').mockReturnValue(false)
  expect(stepped.get(queueOffset).status).toBe(GetStatus.COLD)
  isResident.mockRestore()
  time.later()
  const flipTopic = (): void => {
    bytes[view.topicStart]! ^= 1
  }
  return { bytes, start, flipTopic }
}

describe('what is written and not built yet', () => {
  /** Ten messages that are built, then others of a queue that is followed. */
  function followed(): SteppedStore {
    const { stepped } = filled(10)
    stepped.store.tails.tail('T', 0).follow()
    return stepped
  }

  function offsets(result: GetResult): number[] {
    return messagesOf(result).map(({ queueOffset }) => queueOffset)
  }

  it('is found at the end of a queue that is followed', () => {
    const stepped = followed()
    for (const body of ['a', 'b', 'c']) stepped.append({ body })
    const result = stepped.get(10)
    expect([result.status, offsets(result)]).toEqual([GetStatus.FOUND, [10, 11, 12]])
    expect([result.nextBeginOffset, result.maxOffset]).toEqual([13, 13])
    expect(offsets(stepped.get(11, { messageCountMax: 1 }))).toEqual([11])
    stepped.reput()
    expect(offsets(stepped.get(10))).toEqual([10, 11, 12])
  })

  it('is not found in a queue that nobody follows', () => {
    const { stepped } = filled(10)
    stepped.append({ body: 'a' })
    expect(stepped.get(10).status).toBe(GetStatus.OFFSET_OVERFLOW_ONE)
  })

  it('is filtered by the tagsCode that its unit will have', () => {
    const stepped = followed()
    for (const tags of ['A', 'B', 'A']) stepped.append({ body: '', tags })
    const result = stepped.get(10, { messageCountMax: 10, filter: tag('A') })
    expect([offsets(result), result.nextBeginOffset]).toEqual([[10, 12], 13])
    expect(stepped.get(10, { messageCountMax: 10, filter: tag('C') }).status).toBe(
      GetStatus.NO_MATCHED_MESSAGE,
    )
  })

  it('is found from the built ones on, and not when newer ones are too many', () => {
    const stepped = followed()
    for (let count = 0; count < 20; count += 1) stepped.append({ body: '' })
    expect(offsets(stepped.get(8))).toEqual([8, 9])
    expect(stepped.get(10).status).toBe(GetStatus.OFFSET_OVERFLOW_ONE)
    expect(offsets(stepped.get(14))).toHaveLength(16)
  })

  it('is not what is only staged, and not what a failed turn took back', () => {
    const disk = new MemoryDisk()
    const write = vi.spyOn(disk, 'write')
    const stepped = new SteppedStore(disk, ROOT, OPTIONS, {})
    stepped.store.tails.tail('T', 0).follow()
    stepped.append({ body: 'kept' })
    stepped.stage({ body: 'lost' })
    expect(offsets(stepped.get(0))).toEqual([0])
    expect(stepped.get(1).status).toBe(GetStatus.OFFSET_OVERFLOW_ONE)
    write.mockImplementationOnce(() => {
      throw Object.assign(new Error('no room'), { code: 'ENOSPC' })
    })
    expect(stepped.store.log.commitTurn()).toBe(false)
    expect(stepped.get(1).status).toBe(GetStatus.OFFSET_OVERFLOW_ONE)
    stepped.append({ body: 'other' })
    expect(messagesOf(stepped.get(1)).map(({ body }) => body.toString())).toEqual(['other'])
  })
})

describe('a read by queue offset', () => {
  it('finds messages, as many as asked for, and says where to go on', () => {
    const { stepped } = filled(40)
    const result = stepped.get(3, { messageCountMax: 5 })
    expect(result.status).toBe(GetStatus.FOUND)
    expect(messagesOf(result).map(({ queueOffset }) => queueOffset)).toEqual([3, 4, 5, 6, 7])
    expect([result.nextBeginOffset, result.minOffset, result.maxOffset]).toEqual([8, 0, 40])
  })

  it('hands out records that adjoin as one slice', () => {
    const { stepped } = filled(10)
    expect(stepped.get(0, { messageCountMax: 10 }).slices).toHaveLength(1)
  })

  it('names what is not in memory instead of waiting for it', () => {
    const { stepped } = filled(10)
    const whole = stepped.get(0, { messageCountMax: 10 })
    const { segment, start, lengthBytes } = whole.slices[0]!
    const time = clock()
    const isResident = vi.spyOn(segment.region, 'isResident').mockReturnValue(false)
    expect(stepped.get(0, { messageCountMax: 10 }).status).toBe(GetStatus.FOUND)
    time.later()
    const cold = stepped.get(0, { messageCountMax: 10 })
    expect([cold.status, cold.nextBeginOffset]).toEqual([GetStatus.COLD, 0])
    expect(cold.coldRanges).toEqual([{ path: segment.path, position: start, lengthBytes }])
    isResident.mockRestore()
    expect(stepped.get(0, { messageCountMax: 10 }).messageCount).toBe(10)
  })

  it('does not look into a record that is not in memory', () => {
    const { stepped } = filled(10)
    const { segment } = stepped.get(0).slices[0]!
    const filter = { matchesTagsCode: () => true, matchesRecord: vi.fn<() => boolean>(() => false) }
    clock().later()
    const isResident = vi.spyOn(segment.region, 'isResident').mockReturnValue(false)
    expect(stepped.get(0, { messageCountMax: 5, filter }).status).toBe(GetStatus.COLD)
    expect(filter.matchesRecord).not.toHaveBeenCalled()
    isResident.mockRestore()
    expect(stepped.get(0, { messageCountMax: 5, filter }).status).toBe(GetStatus.NO_MATCHED_MESSAGE)
  })

  it.each([
    ['NO_MESSAGE_IN_QUEUE', 0, 0, 0],
    ['NO_MESSAGE_IN_QUEUE', 0, 5, 0],
    ['OFFSET_OVERFLOW_ONE', 10, 10, 10],
    ['OFFSET_OVERFLOW_BADLY', 10, 11, 10],
    ['OFFSET_TOO_SMALL', 10, -1, 0],
  ])('answers %s for %i messages at offset %i, and goes on at %i', (status, count, at, next) => {
    const { stepped } = filled(count)
    const result = stepped.get(at)
    expect(result.status).toBe(status)
    expect(result.nextBeginOffset).toBe(next)
    expect(result.messageCount).toBe(0)
  })

  it('checks what was written lately once it left memory, and again when it left again', () => {
    const { stepped } = filled(10)
    const { segment, start } = stepped.get(0, { messageCountMax: 1 }).slices[0]!
    const time = clock()
    const rot = (): void => {
      segment.region.bytes[start + 90]! ^= 1
    }
    const leave = (): void => {
      time.later()
      const isResident = vi.spyOn(segment.region, 'isResident').mockReturnValue(false)
      expect(stepped.get(0).status).toBe(GetStatus.COLD)
      isResident.mockRestore()
      time.later()
    }
    leave()
    expect(stepped.get(0).messageCount).toBe(10)
    leave()
    rot()
    expect(() => stepped.get(0)).toThrow(expect.objectContaining({ code: 'STORE_RECORD_CORRUPT' }))
    rot()
    expect(stepped.get(0).messageCount).toBe(10)
  })

  it('holds a record to its unit each time, also when it was checked a moment ago', () => {
    const { stepped } = filled(10)
    const { bytes, start, flipTopic } = leftMemory(stepped, 5)
    expect(stepped.get(0).messageCount).toBe(10)
    const lowBytes = [RECORD_SIZE_AT, QUEUE_ID_AT].map((at) => at + 3)
    lowBytes.push(...[QUEUE_OFFSET_AT, PHYSICAL_OFFSET_AT].map((at) => at + 7))
    for (const at of lowBytes) {
      bytes[start + at]! ^= 1
      expect(stepped.get(0).messageCount, `byte ${at}`).toBe(5)
      expect(() => stepped.get(5), `byte ${at}`).toThrow(CORRUPT)
      bytes[start + at]! ^= 1
    }
    // The first of an answer says for all of them which topic they are of.
    flipTopic()
    expect(() => stepped.get(5)).toThrow(CORRUPT)
    flipTopic()
    expect(stepped.get(0).messageCount).toBe(10)
  })

  it('refuses a record of another topic however often it is read', () => {
    const { stepped } = filled(10)
    const record = leftMemory(stepped, 3)
    record.flipTopic()
    for (const count of [3, 3]) {
      expect(stepped.get(0).messageCount).toBe(count)
      expect(() => stepped.get(3)).toThrow(CORRUPT)
    }
  })

  it('looks at the topic of one record of each block of units', () => {
    const fileUnits = 300
    const consumeQueueFileBytes = fileUnits * CONSUME_QUEUE_UNIT_BYTES
    expect(consumeQueueFileBytes % DISK_BLOCK_BYTES).not.toBe(0)
    const first = fileUnits + Math.ceil(DISK_BLOCK_BYTES / CONSUME_QUEUE_UNIT_BYTES)
    const { stepped } = filled(first + 10, 100, { ...OPTIONS, consumeQueueFileBytes })
    const all = { messageCountMax: 4 }
    const record = leftMemory(stepped, first)
    expect(stepped.get(first - 2, all).messageCount).toBe(4)
    record.flipTopic()
    expect(stepped.get(first - 2, all).messageCount).toBe(2)
    record.flipTopic()

    const lastBefore = Math.floor((first - 1) / 3) * 3
    const matching = { messageCountMax: 2, filter: tag('A') }
    expect(lastBefore + 3).toBeGreaterThan(first)
    const second = leftMemory(stepped, lastBefore + 3)
    expect(stepped.get(lastBefore, matching).messageCount).toBe(2)
    second.flipTopic()
    expect(stepped.get(lastBefore, matching).messageCount).toBe(1)
  })

  it('checks also what came back from the disk with what was asked for', () => {
    const { stepped } = filled(40)
    const { segment, start } = stepped.get(20, { messageCountMax: 1 }).slices[0]!
    const time = clock()
    time.later()
    const isResident = vi.spyOn(segment.region, 'isResident').mockReturnValue(false)
    expect(stepped.get(0, { messageCountMax: 1 }).status).toBe(GetStatus.COLD)
    isResident.mockRestore()
    segment.region.bytes[start + 90]! ^= 1
    expect(() => stepped.get(20)).toThrow(expect.objectContaining({ code: 'STORE_RECORD_CORRUPT' }))
  })

  it('takes nothing unseen that comes into memory while it is read', () => {
    const { stepped } = filled(40)
    const { segment } = stepped.get(0, { messageCountMax: 1 }).slices[0]!
    const time = clock()
    time.later()
    const inspect = (buffer: Buffer, start: number): boolean => buffer[start + 90] === 0
    const filter = { matchesTagsCode: () => true, matchesRecord: inspect }
    const answers = [false, false]
    vi.spyOn(segment.region, 'isResident').mockImplementation(() => answers.shift() ?? true)
    const cold = stepped.get(0, { messageCountMax: 1, filter })
    expect([cold.status, cold.nextBeginOffset]).toEqual([GetStatus.COLD, 0])
    expect(cold.coldRanges).toHaveLength(1)
    time.later()
    const warm = stepped.get(0, { messageCountMax: 1, filter })
    expect([warm.status, warm.messageCount]).toEqual([GetStatus.NO_MATCHED_MESSAGE, 0])
  })

  it('waits at the end of what reput has built', () => {
    const { stepped } = filled(5)
    stepped.append({ body: 'not built yet' })
    const result = stepped.get(5)
    expect(result.status).toBe(GetStatus.OFFSET_OVERFLOW_ONE)
    expect([result.nextBeginOffset, result.maxOffset]).toEqual([5, 6])
    expect(stepped.get(3).messageCount).toBe(2)
  })

  it('stops before the bytes asked for are exceeded, but gives at least one message', () => {
    const { stepped } = filled(10)
    const bytes = stepped.get(0, { messageCountMax: 1 }).totalBytes
    expect(stepped.get(0, { bytesMax: 3 * bytes }).messageCount).toBe(3)
    expect(stepped.get(0, { bytesMax: 3 * bytes - 1 }).messageCount).toBe(2)
    expect(stepped.get(0, { bytesMax: 1 }).messageCount).toBe(1)
  })

  it('takes only what the filter matches, and goes on behind what it passed over', () => {
    const { stepped } = filled(12)
    const result = stepped.get(0, { filter: tag('A') })
    expect(messagesOf(result).map(({ queueOffset }) => queueOffset)).toEqual([0, 3, 6, 9])
    // The last two were looked at and do not match.
    expect(result.nextBeginOffset).toBe(12)
    const none = stepped.get(0, { filter: tag('C') })
    expect([none.status, none.nextBeginOffset]).toEqual([GetStatus.NO_MATCHED_MESSAGE, 12])
  })

  it('asks a filter that looks into the record', () => {
    const { stepped } = filled(6)
    const filter = {
      matchesTagsCode: () => true,
      matchesRecord: (bytes: Buffer, start: number, end: number) =>
        bytes.subarray(start, end).includes('4.....'),
    }
    const messages = messagesOf(stepped.get(0, { filter }))
    expect(messages.map(({ queueOffset }) => queueOffset)).toEqual([4])
  })

  it('goes on behind messages whose segment is gone', () => {
    const { stepped } = filled(100, 200)
    const { segments } = stepped.store.log
    const gone = segments.shift()
    const result = stepped.get(0)
    expect(result.status).toBe(GetStatus.OFFSET_TOO_SMALL)
    const [oldest] = messagesOf(stepped.get(result.nextBeginOffset))
    expect(oldest?.physicalOffset).toBe(gone?.endOffset)
    expect(result.minOffset).toBe(oldest?.queueOffset)
  })

  it('finds records by physical offset only inside the log', () => {
    const { stepped } = filled(3)
    const { reader, log } = stepped.store
    expect(reader.slice(0)?.lengthBytes).toBeGreaterThan(100)
    expect(reader.slice(log.writtenOffset)).toBeUndefined()
    expect(reader.slice(-1)).toBeUndefined()
    expect(reader.slice(1e12)).toBeUndefined()
    expect(reader.slice(0, SEGMENT_BYTES + 1)).toBeUndefined()
  })
})

describe('a look-up by time', () => {
  it('agrees with looking at every message, at each of their times and between', () => {
    const disk = new MemoryDisk()
    const stepped = new SteppedStore(disk, ROOT, OPTIONS)
    const times: number[] = []
    for (let index = 0; index < 60; index += 1) {
      stepped.append({ body: 'x'.repeat(150) })
      if (index % 4 === 0) {
        // The clock of the next messages is another one.
        for (const until = Date.now() + 2; Date.now() < until; );
      }
    }
    stepped.reput()
    for (const { storeTimestampMs } of stepped.readAll()) times.push(storeTimestampMs)
    const { layout, log, config } = stepped.store
    const queue = {
      directory: `${layout.consumeQueue}/T/0`,
      fileBytes: config.consumeQueueFileBytes,
    }
    const place = { directory: layout.commitLog, segmentBytes: log.segments.segmentBytes }
    const search = (boundary: 'lower' | 'upper', timestampMs: number) =>
      searchQueueByTime(disk, {
        queue,
        log: place,
        minOffset: 0,
        endOffset: times.length,
        timestampMs,
        boundary,
      })
    const first = times[0] ?? 0
    for (let time = first - 2; time <= (times.at(-1) ?? 0) + 2; time += 1) {
      const lower = times.findIndex((one) => one >= time)
      expect(search('lower', time), `lower ${time - first}`).toBe(
        lower === -1 ? times.length : lower,
      )
      const upper = times.findLastIndex((one) => one <= time)
      expect(search('upper', time), `upper ${time - first}`).toBe(Math.max(0, upper))
    }
    disk.unlink(segmentPath(layout.commitLog, 0))
    expect(search('lower', 1)).toBeGreaterThan(0)
  })
})
