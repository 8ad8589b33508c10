/** What it costs to write a record of the log, and to read one. */
import { KIB } from '../engine/base/units.ts'
import { ChecksumBuffer } from '../engine/format/checksum-buffer.ts'
import { LinearMemory } from '../engine/format/linear-memory.ts'
import { createRecordView, RecordVerdict, readRecord } from '../engine/format/record-decoder.ts'
import { RecordEncoder, recordBytes } from '../engine/format/record-encoder.ts'
import { messagesIn } from '../engine/format/stored-message.ts'
import { sampleRecords, sampleSource } from './sample-frames.ts'
import type { BenchSuite, BenchTask } from './suite.ts'

const RECORD_COUNT = 256
const BODY_SIZES = [128, KIB] as const

export const records: BenchSuite = {
  name: 'record',
  open: () => ({
    tasks: BODY_SIZES.flatMap((bodyBytes) => [
      encoding(bodyBytes),
      reading(bodyBytes, 'read, no CRC', false),
      reading(bodyBytes, 'read, with CRC', true),
      decoding(bodyBytes),
    ]),
  }),
}

function encoding(bodyBytes: number): BenchTask {
  const source = sampleSource(bodyBytes)
  const size = recordBytes(source)
  const memory = LinearMemory.reserve(RECORD_COUNT * size + RecordEncoder.MEMORY_BYTES)
  const target = new ChecksumBuffer(RECORD_COUNT * size, memory)
  const encoder = new RecordEncoder(target, memory)
  return {
    name: `encode, ${bodyBytes} B body`,
    unitCount: RECORD_COUNT,
    bytes: target.bytes.length,
    run: () => {
      for (let index = 0; index < RECORD_COUNT; index++) {
        encoder.encode(index * size, source, index, index * size, source.bornTimestampMs)
      }
    },
  }
}

function reading(bodyBytes: number, name: string, checkCrc: boolean): BenchTask {
  const bytes = sampleRecords(RECORD_COUNT, bodyBytes)
  const view = createRecordView()
  return {
    name: `${name}, ${bodyBytes} B body`,
    unitCount: RECORD_COUNT,
    bytes: bytes.length,
    run: () => {
      for (let at = 0; at < bytes.length; at += view.totalBytes) {
        const verdict = readRecord(bytes, at, bytes.length, view, { checkCrc })
        if (verdict !== RecordVerdict.WHOLE) throw new Error(`no record: ${verdict}`)
      }
    },
  }
}

function decoding(bodyBytes: number): BenchTask {
  const bytes = sampleRecords(RECORD_COUNT, bodyBytes)
  return {
    name: `decode to objects, ${bodyBytes} B body`,
    unitCount: RECORD_COUNT,
    bytes: bytes.length,
    run: () => {
      let count = 0
      for (const _ of messagesIn(bytes)) count += 1
      if (count !== RECORD_COUNT) throw new Error(`${count} messages were found`)
    },
  }
}
