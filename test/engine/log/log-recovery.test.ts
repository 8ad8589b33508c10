/**
 * Where the scan of a log starts, and what it means where it ends: each row of the two tables over
 * a log that is what the row says.
 */
import { describe, expect, it } from 'vitest'
import { QUEUE_ID_AT } from '../../../engine/format/record-format.ts'
import {
  type LogRecoveryInput,
  type LogRecoveryResult,
  NO_RECORDS,
  planScan,
  recoverLog,
  SCAN_ENDS,
  SCAN_STARTS,
} from '../../../engine/log/log-recovery.ts'
import type { LogFinding } from '../../../engine/log/log-scanner.ts'
import { ScannedQueues } from '../../../engine/log/scanned-queues.ts'
import { expectRowsTested } from '../../helpers/decision-rows.ts'
import { WrittenLog } from '../../helpers/written-log.ts'

const SEGMENT_BYTES = 4096
const BODY_BYTES = 100

function recover(log: WrittenLog, input: Partial<LogRecoveryInput> = {}): LogRecoveryResult {
  const { directory, startOffsets, segmentBytes } = log
  const whole: LogRecoveryInput = {
    directory,
    listing: { startOffsets, segmentBytes, repairs: [] },
    wasAborted: false,
    endMark: undefined,
    safeTimestampMs: 0,
    queueCount: 1,
    rebuildFromOffset: Number.POSITIVE_INFINITY,
    newestUnitOffset: undefined,
    durableOffset: 0,
    policy: 'refuse',
    ...input,
  }
  return recoverLog(log.disk, whole, planScan(log.disk, whole), new ScannedQueues())
}

/** Three segments of two records each, stored at 1, 2, 3 … seconds. */
function threeSegments(): WrittenLog {
  const log = new WrittenLog(SEGMENT_BYTES)
  for (let index = 0; index < 6; index += 1) {
    if (index === 2 || index === 4) log.roll()
    log.add(BODY_BYTES, (index + 1) * 1000)
  }
  return log
}

function endMarkOf(log: WrittenLog, recordIndex = log.offsets.length - 1) {
  const endOffset = log.offsets[recordIndex + 1] ?? log.end
  return { lastRecordOffset: log.offsets[recordIndex] ?? 0, endOffset, queueCount: 1 }
}

describe('where the scan starts', () => {
  expectRowsTested(SCAN_STARTS)

  it('without queues the whole log is scanned', () => {
    const log = threeSegments()
    const found = recover(log, { queueCount: 0, endMark: endMarkOf(log) })
    expect(found).toMatchObject({ redoFromOffset: 0, endOffset: log.end, decision: 'end' })
  })

  it('with fewer queues than at the last stop the whole log is scanned', () => {
    const log = threeSegments()
    const endMark = { ...endMarkOf(log), queueCount: 2 }
    expect(recover(log, { endMark })).toMatchObject({ redoFromOffset: 0 })
    // Java went on and may have deleted a topic.
    log.add(BODY_BYTES)
    expect(recover(log, { endMark })).toMatchObject({ redoFromOffset: endMark.endOffset })
  })

  it('after a clean stop of Agena the scan starts behind its end mark', () => {
    const log = threeSegments()
    const endMark = endMarkOf(log, 0)
    const found = recover(log, { endMark })
    expect(found).toMatchObject({ redoFromOffset: endMark.endOffset, endOffset: log.end })
    expect(recover(log, { endMark: endMarkOf(log) })).toMatchObject({
      redoFromOffset: log.end,
      lastRecordOffset: log.offsets.at(-1),
    })
  })

  it('after a clean stop of Java the scan starts at the newest segment', () => {
    const log = threeSegments()
    // The next segment, which is empty, is none to start at.
    log.write(3 * SEGMENT_BYTES, Buffer.alloc(1))
    expect(recover(log)).toMatchObject({
      redoFromOffset: 2 * SEGMENT_BYTES,
      lastTimestampMs: 6000,
      endOffset: log.end,
    })
  })

  it('an end mark that does not hold is none', () => {
    const log = threeSegments()
    const { lastRecordOffset, endOffset } = endMarkOf(log)
    for (const endMark of [
      { lastRecordOffset: lastRecordOffset + 1, endOffset, queueCount: 1 },
      { lastRecordOffset, endOffset: endOffset + 1, queueCount: 1 },
      { lastRecordOffset: 9 * SEGMENT_BYTES, endOffset: 9 * SEGMENT_BYTES + 9, queueCount: 1 },
    ]) {
      expect(recover(log, { endMark })).toMatchObject({ redoFromOffset: 2 * SEGMENT_BYTES })
    }
  })

  it('after a kill the scan starts at the newest segment that the checkpoint covers', () => {
    const log = threeSegments()
    const endMark = endMarkOf(log)
    for (const [safeTimestampMs, start] of [
      [500, 0],
      [2500, 0],
      [3000, SEGMENT_BYTES],
      [9000, 2 * SEGMENT_BYTES],
    ] as const) {
      const found = recover(log, { wasAborted: true, endMark, safeTimestampMs })
      expect(found).toMatchObject({ redoFromOffset: start, endOffset: log.end })
    }
  })

  it('after a kill without a checkpoint the whole log is scanned', () => {
    const log = threeSegments()
    const found = recover(log, { wasAborted: true, endMark: endMarkOf(log) })
    expect(found).toMatchObject({ redoFromOffset: 0 })
  })
})

it('starts earlier where queues or index need it, but only where a record stands', () => {
  const log = threeSegments()
  const endMark = endMarkOf(log)
  const [, second = 0] = log.offsets
  for (const [rebuildFromOffset, from] of [
    [second, second],
    [second + 1, 0],
    [-1, 0],
    [log.end + 1, log.end],
  ] as const) {
    const found = recover(log, { endMark, rebuildFromOffset })
    expect(found).toMatchObject({ redoFromOffset: from, scanStartOffset: log.end })
  }
  const behind = { endMark, newestUnitOffset: second }
  expect(recover(log, behind)).toMatchObject({ redoFromOffset: 0, scanStartOffset: log.end })
})

/** Damages the third record of a log so that the scan finds what is asked for there. */
function damaged(finding: LogFinding): { log: WrittenLog; at: number } {
  const log = new WrittenLog(SEGMENT_BYTES)
  for (let index = 0; index < 4; index += 1) log.add(BODY_BYTES)
  const at = log.offsets[2] ?? 0
  const lengthBytes = (log.offsets[3] ?? 0) - at
  const record = log.read(at, lengthBytes)
  const topicAt = record.indexOf('T', BODY_BYTES)
  const change: Record<LogFinding, () => void> = {
    blank: () => undefined,
    zeros: () => record.fill(0),
    'end-of-file': () => undefined,
    'torn-head': () => record.fill(0, 4, 8),
    'bad-magic': () => record.fill(1, 4, 8),
    'bad-size': () => record.writeInt32BE(lengthBytes - 1, 0),
    'past-end': () => record.writeInt32BE(SEGMENT_BYTES, 0),
    'bad-crc': () => record.fill(0xee, topicAt - 20, topicAt - 10),
    'wrong-offset': () => log.read(0, lengthBytes).copy(record),
    'bad-number': () => record.writeInt32BE(-1, QUEUE_ID_AT),
    'torn-block': () => record.fill(0, topicAt, topicAt + 1),
  }
  change[finding]()
  log.write(at, record)
  return { log, at }
}

const BEFORE = { durableOffset: SEGMENT_BYTES }

describe('what the end of the scan means', () => {
  expectRowsTested(SCAN_ENDS)

  it('a blank record leads to the next segment', () => {
    const log = threeSegments()
    const found = recover(log, { queueCount: 0, durableOffset: log.end })
    expect(found).toMatchObject({ decision: 'end', endOffset: log.end })
  })

  it('zeros or no file behind the durable point are the end of the log', () => {
    const log = threeSegments()
    expect(recover(log)).toMatchObject({ decision: 'end', finding: 'zeros', endOffset: log.end })
    log.roll()
    const full = { decision: 'end', finding: 'end-of-file', endOffset: 3 * SEGMENT_BYTES }
    expect(recover(log, { durableOffset: log.end })).toMatchObject(full)
    const empty = new WrittenLog(SEGMENT_BYTES)
    expect(recover(empty)).toMatchObject({ ...full, endOffset: 0, redoFromOffset: 0 })
  })

  it('a hole behind the durable point was torn out of the log', () => {
    const log = threeSegments()
    const at = log.offsets[3] ?? 0
    log.write(at, Buffer.alloc(2 * SEGMENT_BYTES - at))
    const found = recover(log, { queueCount: 0, durableOffset: at })
    expect(found).toMatchObject({ decision: 'cut', finding: 'zeros', endOffset: at })
  })

  it('what is no record behind the durable point is a torn write', () => {
    for (const finding of NO_RECORDS) {
      const { log, at } = damaged(finding)
      const found = recover(log, { durableOffset: at })
      expect(found).toMatchObject({ decision: 'cut', finding, endOffset: at })
    }
  })

  it('a log that ends before the durable point is refused', () => {
    const { log, at } = damaged('zeros')
    const found = recover(log, { durableOffset: at + 1 })
    expect(found).toMatchObject({ decision: 'refuse', finding: 'zeros', endOffset: at })
    const gone = recover(new WrittenLog(SEGMENT_BYTES), BEFORE)
    expect(gone).toMatchObject({ decision: 'refuse', finding: 'end-of-file', endOffset: 0 })
  })

  it('what is no record before the durable point is refused', () => {
    for (const finding of NO_RECORDS) {
      const { log, at } = damaged(finding)
      expect(recover(log, BEFORE)).toMatchObject({ decision: 'refuse', finding, endOffset: at })
    }
  })

  it('a damaged log is cut where the setting says so', () => {
    for (const finding of ['zeros', ...NO_RECORDS] as const) {
      const { log, at } = damaged(finding)
      const found = recover(log, { ...BEFORE, policy: 'cut' })
      expect(found).toMatchObject({ decision: 'cut-durable', finding, endOffset: at })
    }
  })
})

it('takes the end of the last sealed segment for durable where nothing says more', () => {
  const log = threeSegments()
  log.write(3 * SEGMENT_BYTES, Buffer.alloc(1))
  const found = recover(log, { durableOffset: undefined })
  expect(found).toMatchObject({ durableOffset: 2 * SEGMENT_BYTES, decision: 'end' })
  const [at = 0] = log.offsets
  log.write(at, Buffer.alloc(100, 0xee))
  const whole = { queueCount: 0, durableOffset: undefined }
  expect(recover(log, whole)).toMatchObject({ decision: 'refuse', endOffset: at })
})
