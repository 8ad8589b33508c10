/** Walking a log: windows, segments' ends, and everything that is no record. */
import { describe, expect, it } from 'vitest'
import { type LogScanner, ScanStep } from '../../../engine/log/log-scanner.ts'
import { WrittenLog } from '../../helpers/written-log.ts'

const SEGMENT_BYTES = 2 * 1024 * 1024

function walk(scanner: LogScanner, limit: number): { offsets: number[]; last: number } {
  const offsets: number[] = []
  let offset = 0
  for (;;) {
    const step = scanner.at(offset, limit)
    if (step === ScanStep.RECORD) {
      offsets.push(offset)
      const { bodyStart, bodyEnd } = scanner.view
      const body = scanner.buffer.subarray(bodyStart, bodyEnd)
      expect(body.every((byte) => byte === offsets.length)).toBe(true)
      offset += scanner.view.totalBytes
    } else if (step === ScanStep.SEGMENT_END) offset = scanner.segmentEnd(offset)
    else return { offsets, last: step }
  }
}

describe('a walk over the log', () => {
  it('finds every record, also those larger than its window, and across segments', () => {
    const log = new WrittenLog(SEGMENT_BYTES)
    for (const bytes of [10, 600_000, 20, 1_300_000, 0, 524_288, 1_900_000, 5, 5]) log.add(bytes)
    expect(log.offsets.at(-1)).toBeGreaterThan(2 * SEGMENT_BYTES)
    const scanner = log.scanner()
    expect(walk(scanner, log.end)).toEqual({ offsets: log.offsets, last: ScanStep.END })
    scanner.close()
  })

  it('sees what is written later, although the window was read before', () => {
    const log = new WrittenLog(SEGMENT_BYTES).add(100)
    const scanner = log.scanner()
    expect(walk(scanner, log.end).offsets).toHaveLength(1)
    log.add(200).add(300)
    expect(walk(scanner, log.end).offsets).toHaveLength(3)
    scanner.close()
  })

  it('reads nothing at or behind the limit, and calls a record that crosses it bad', () => {
    const log = new WrittenLog(SEGMENT_BYTES).add(50).add(50)
    const second = log.offsets[1] ?? 0
    const scanner = log.scanner()
    for (let limit = second + 1; limit < log.end; limit += 1) {
      expect(walk(scanner, limit).offsets, `limit ${limit}`).toHaveLength(1)
      expect(scanner.at(second, limit), `limit ${limit}`).toBe(ScanStep.BAD)
    }
    expect(scanner.at(second, second)).toBe(ScanStep.END)
    scanner.close()
  })
})

describe('what is no record', () => {
  it('is bad for every byte of a record that is changed, but for some header fields', () => {
    const log = new WrittenLog(SEGMENT_BYTES).add(40)
    const record = log.read(0, log.end)
    const found: number[] = []
    for (let at = 0; at < record.length; at += 1) {
      const changed = Buffer.from(record)
      changed.writeUInt8((changed[at] ?? 0) ^ 0x80, at)
      log.write(0, changed)
      const scanner = log.scanner()
      if (scanner.at(0, log.end) === ScanStep.RECORD) found.push(at)
      scanner.close()
    }
    // The body, its checksum, every length and the record's own place are all noticed.
    const body = record.indexOf(Buffer.alloc(40, 1))
    for (let at = body - 4; at < body + 41; at += 1) expect(found).not.toContain(at)
    for (let at = 0; at < 12; at += 1) expect(found).not.toContain(at)
  })

  it('is bad when it is a whole record of another place', () => {
    const log = new WrittenLog(SEGMENT_BYTES).add(40).add(40)
    log.write(log.end, log.read(0, log.offsets[1] ?? 0))
    const scanner = log.scanner()
    expect(walk(scanner, SEGMENT_BYTES)).toEqual({ offsets: log.offsets, last: ScanStep.BAD })
    scanner.close()
  })

  it('is the end when it is zeros', () => {
    const log = new WrittenLog(SEGMENT_BYTES).add(40)
    const scanner = log.scanner()
    expect(walk(scanner, SEGMENT_BYTES)).toEqual({ offsets: log.offsets, last: ScanStep.END })
    scanner.close()
  })
})
