import { assert } from '../base/assert.ts'
import { HIGH_WORD } from '../base/units.ts'
import type { ConsumeQueueUnit } from '../format/consume-queue-format.ts'
import { PropertyFinder } from '../format/properties-codec.ts'
import { createRecordView, RecordVerdict, readRecord } from '../format/record-decoder.ts'
import type { CommitLog } from '../log/commit-log.ts'
import type { QueueTail } from '../log/queue-tail.ts'
import type { RecentRecords } from '../log/recent-records.ts'
import type { DelayLevels } from '../queue/delay-levels.ts'
import { TAGS_CODE_PROPERTIES, unitTagsCode } from '../queue/unit-tags-code.ts'

const STRUCTURE = { checkCrc: false }

/** Units of a queue's newest records, which reput has not built yet: what they will be. */
export class RecentUnits {
  readonly #log: CommitLog
  readonly #reputOffset: () => number
  readonly #delayLevels: DelayLevels
  readonly #properties = new PropertyFinder(TAGS_CODE_PROPERTIES)
  readonly #view = createRecordView()
  /** What the last read found. */
  #tail: QueueTail | undefined
  #firstOffset = 0
  #isTagged = false

  constructor(log: CommitLog, reputOffset: () => number, delayLevels: DelayLevels) {
    this.#log = log
    this.#reputOffset = reputOffset
    this.#delayLevels = delayLevels
  }

  /**
   * Finds those from `queueOffset` on, at most `count`, if that one is written and not built yet.
   * @param isTagged whether their tagsCodes are wanted too
   * @returns how many there are
   */
  read(tail: QueueTail, queueOffset: number, count: number, isTagged: boolean): number {
    const { recent } = tail
    if (recent?.has(queueOffset) !== true) return 0
    if (recent.physicalOffset(queueOffset) < this.#reputOffset()) return 0
    this.#tail = tail
    this.#firstOffset = queueOffset
    this.#isTagged = isTagged
    const wanted = Math.min(count, tail.nextQueueOffset - queueOffset)
    let found = 0
    while (found < wanted && this.#isWritten(recent, queueOffset + found)) found += 1
    return found
  }

  /** Sets `unit` to one that the last read found. */
  get(index: number, unit: ConsumeQueueUnit): void {
    const recent = this.#tail?.recent
    assert(recent !== undefined, 'nothing was read')
    const queueOffset = this.#firstOffset + index
    unit.physicalOffset = recent.physicalOffset(queueOffset)
    unit.recordBytes = recent.recordBytes(queueOffset)
    unit.tagsCode = this.#isTagged ? this.#tagsCode(unit) : 0
    unit.tagsCodeHigh = Math.floor(unit.tagsCode / HIGH_WORD)
    unit.tagsCodeLow = unit.tagsCode >>> 0
  }

  #isWritten(recent: RecentRecords, queueOffset: number): boolean {
    if (!recent.has(queueOffset)) return false
    const endOffset = recent.physicalOffset(queueOffset) + recent.recordBytes(queueOffset)
    return endOffset <= this.#log.writtenOffset
  }

  #tagsCode({ physicalOffset, recordBytes }: ConsumeQueueUnit): number {
    const segment = this.#log.segments.find(physicalOffset)
    const topic = this.#tail?.topic
    assert(segment !== undefined && topic !== undefined, 'what is not built is in the log')
    const { bytes } = segment.region
    const start = physicalOffset - segment.startOffset
    const view = this.#view
    const verdict = readRecord(bytes, start, start + recordBytes, view, STRUCTURE)
    assert(verdict === RecordVerdict.WHOLE, 'what this process wrote a moment ago is whole')
    this.#properties.scan(bytes, view.propertiesStart, view.propertiesEnd)
    const { storeTimestampMs } = view
    return unitTagsCode(bytes, storeTimestampMs, topic, this.#properties, this.#delayLevels)
  }
}
