/** Looks at the records of waiting messages where they lie, without waiting for the disk. */
import {
  createRecordView,
  RecordVerdict,
  type RecordView,
  readRecord,
} from '../../../engine/format/record-decoder.ts'
import type { ColdRange, LogSlice } from '../../../engine/store/get-result.ts'
import type { MessageReader } from '../../../engine/store/message-reader.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'

const TOPIC_BYTES = Buffer.from(SCHEDULE_TOPIC)

/** One instance serves all levels, one after the other. */
export class WaitingRecords {
  readonly #reader: MessageReader
  /** What {@link check} has found. */
  readonly view: RecordView = createRecordView()

  constructor(reader: MessageReader) {
    this.#reader = reader
  }

  /** The place of a record; undefined when the log holds it no longer. */
  find(physicalOffset: number, recordBytes: number): LogSlice | undefined {
    return this.#reader.slice(physicalOffset, recordBytes)
  }

  isInMemory(slice: LogSlice): boolean {
    return this.#reader.isInMemory(slice)
  }

  /**
   * Reads a record that is in memory into {@link view}, down to its checksum: what waited for hours
   * has been on the disk.
   * @returns what is wrong with it; undefined when it is the one that the unit stands for.
   */
  check({ segment, start, lengthBytes }: LogSlice, queueOffset: number): string | undefined {
    const { bytes } = segment.region
    const { view } = this
    const verdict = readRecord(bytes, start, start + lengthBytes, view, { checkCrc: true })
    if (verdict !== RecordVerdict.WHOLE) return verdict
    const isWanted =
      view.totalBytes === lengthBytes &&
      view.physicalOffset === segment.startOffset + start &&
      view.queueOffset === queueOffset &&
      TOPIC_BYTES.compare(bytes, view.topicStart, view.topicEnd) === 0
    return isWanted ? undefined : 'the record is another one'
  }
}

export function rangeOf({ segment, start, lengthBytes }: LogSlice): ColdRange {
  return { path: segment.path, position: start, lengthBytes }
}
