/** Reads that wait for the disk where they must, and copy what they find. */
import type { StoreError } from '../engine/base/errors.ts'
import { I32_BYTES } from '../engine/base/units.ts'
import { createRecordView, RecordVerdict, readRecord } from '../engine/format/record-decoder.ts'
import { type ColdRange, createGetResult, type GetResult } from '../engine/store/get-result.ts'
import { GetStatus } from '../engine/store/get-status.ts'
import type { GetRequest, MessageReader } from '../engine/store/message-reader.ts'
import { warmUnlessGone } from './cold-reader.ts'

/** What is found by a read. */
export interface ReadResult {
  readonly status: GetStatus
  /** Queue offset to go on with. */
  readonly nextBeginOffset: number
  readonly minOffset: number
  readonly maxOffset: number
  readonly messageCount: number
  /** The records as they stand in the log; the caller's own. */
  readonly records: Buffer
}

export interface CopyingReaderParts {
  readonly reader: MessageReader
  readonly get: (topic: string, queueId: number, request: GetRequest, result: GetResult) => void
  readonly warm: (ranges: readonly ColdRange[]) => Promise<void>
}

export class CopyingReader {
  readonly #parts: CopyingReaderParts
  readonly #view = createRecordView()

  constructor(parts: CopyingReaderParts) {
    this.#parts = parts
  }

  /** The messages of a queue from an offset on. */
  async read(topic: string, queueId: number, request: GetRequest): Promise<ReadResult> {
    const result = createGetResult()
    for (let failure: StoreError | undefined; ; ) {
      this.#parts.get(topic, queueId, request, result)
      if (result.status !== GetStatus.COLD) break
      if (failure !== undefined) throw failure
      failure = await warmUnlessGone(this.#parts.warm(result.coldRanges))
    }
    const records = Buffer.concat(
      result.slices.map(({ segment, start, lengthBytes }) =>
        segment.region.bytes.subarray(start, start + lengthBytes),
      ),
    )
    const { status, nextBeginOffset, minOffset, maxOffset, messageCount } = result
    return { status, nextBeginOffset, minOffset, maxOffset, messageCount, records }
  }

  /** The record that starts at a physical offset; undefined when none does. */
  async readRecord(physicalOffset: number): Promise<Buffer | undefined> {
    // Its length first, which may have to come from the disk.
    if ((await this.#copy(physicalOffset, I32_BYTES)) === undefined) return undefined
    const record = await this.#copy(physicalOffset)
    if (record === undefined) return undefined
    const verdict = readRecord(record, 0, record.length, this.#view, { checkCrc: true })
    const isRecord = verdict === RecordVerdict.WHOLE && this.#view.physicalOffset === physicalOffset
    return isRecord ? record : undefined
  }

  /** A stretch of the log, of the length that its first word says when none is given. */
  async #copy(physicalOffset: number, lengthBytes?: number): Promise<Buffer | undefined> {
    const { reader } = this.#parts
    for (let failure: StoreError | undefined; ; ) {
      // Anew after each wait: the segment may have gone, and its mapping with it.
      const slice = reader.slice(physicalOffset, lengthBytes)
      if (slice === undefined) return undefined
      const { segment, start } = slice
      if (reader.isInMemory(slice)) {
        return Buffer.from(segment.region.bytes.subarray(start, start + slice.lengthBytes))
      }
      if (failure !== undefined) throw failure
      const range = { path: segment.path, position: start, lengthBytes: slice.lengthBytes }
      failure = await warmUnlessGone(this.#parts.warm([range]))
    }
  }
}
