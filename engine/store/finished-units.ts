import {
  CONSUME_QUEUE_UNIT_BYTES,
  type ConsumeQueueUnit,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import type { ConsumeQueue } from '../queue/consume-queue.ts'
import type { ColdRange } from './get-result.ts'

/** A page of units that reput has finished: those behind it may be half written. */
export class FinishedUnits {
  readonly #countMax: number
  readonly #reputOffset: () => number
  readonly #page: Buffer
  readonly #unit = createConsumeQueueUnit()

  /** @param countMax units that one page holds */
  constructor(countMax: number, reputOffset: () => number) {
    this.#countMax = countMax
    this.#reputOffset = reputOffset
    this.#page = Buffer.alloc(countMax * CONSUME_QUEUE_UNIT_BYTES)
  }

  /**
   * Fills the page with units from `queueOffset` on, at most `count`, without waiting for the disk.
   * @returns how many there are; -1 when they are not in memory: see {@link range}.
   */
  read(queue: ConsumeQueue, queueOffset: number, count: number): number {
    const reputOffset = this.#reputOffset()
    const read = queue.readUnits(queueOffset, this.#page, this.#lengthBytes(count))
    // Units come in the order of the log: where the last is finished, all are.
    if (read > 0 && this.#isFinished(read - 1, reputOffset)) return read
    for (let index = 0; index < read; index += 1) {
      if (!this.#isFinished(index, reputOffset)) return index
    }
    return read
  }

  /** What to warm before {@link read} finds it. */
  range(queue: ConsumeQueue, queueOffset: number, count: number): ColdRange {
    return queue.fileRange(queueOffset, this.#lengthBytes(count))
  }

  /** Sets `unit` to one of the page. */
  get(index: number, unit: ConsumeQueueUnit): void {
    readConsumeQueueUnit(this.#page, index * CONSUME_QUEUE_UNIT_BYTES, unit)
  }

  #isFinished(index: number, reputOffset: number): boolean {
    this.get(index, this.#unit)
    const { recordBytes, physicalOffset } = this.#unit
    if (recordBytes <= 0) return false
    return isPreBlankUnit(this.#unit) || physicalOffset + recordBytes <= reputOffset
  }

  #lengthBytes(count: number): number {
    return Math.min(count, this.#countMax) * CONSUME_QUEUE_UNIT_BYTES
  }
}
