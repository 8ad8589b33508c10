import { PAGE_BYTES } from '../base/units.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  type ConsumeQueueUnit,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
} from '../format/consume-queue-format.ts'
import type { ConsumeQueue } from '../queue/consume-queue.ts'
import type { ColdRange } from './get-result.ts'

/** What is read of a queue at once and kept for its next reads: a page of memory. */
const KEPT_UNITS = Math.floor(PAGE_BYTES / CONSUME_QUEUE_UNIT_BYTES)
/** Queues of which units are kept, and how many such pages of each: for readers at other places. */
const KEPT_QUEUES_MAX = 256
const KEPT_PAGES_MAX = 4

/** Units of one queue. */
interface UnitPage {
  readonly bytes: Buffer
  /** Queue offset of the first. */
  firstOffset: number
  /** So many of them are known to be finished. */
  finishedCount: number
}

/**
 * Units that reput has finished: those behind them may be half written. A finished unit never
 * changes, so whoever reads on in a queue finds the next ones in a page that is kept of it.
 */
export class FinishedUnits {
  readonly #countMax: number
  readonly #reputOffset: () => number
  readonly #unit = createConsumeQueueUnit()
  /** For a read of more than is kept. */
  readonly #longPage: UnitPage
  /** The longest kept first; of each queue the page that was loaded last comes last. */
  readonly #kept = new Map<ConsumeQueue, UnitPage[]>()
  /** What the last read found, and where in its page. */
  #page: UnitPage
  #firstIndex = 0

  /** @param countMax units that one read finds at most */
  constructor(countMax: number, reputOffset: () => number) {
    this.#countMax = countMax
    this.#reputOffset = reputOffset
    this.#longPage = createPage(Math.max(countMax, KEPT_UNITS))
    this.#page = this.#longPage
  }

  /**
   * Finds the units from `queueOffset` on, at most `count`, without waiting for the disk.
   * @returns how many there are; -1 when they are not in memory: see {@link range}.
   */
  read(queue: ConsumeQueue, queueOffset: number, count: number): number {
    const wanted = Math.min(count, this.#countMax)
    const pages = wanted > KEPT_UNITS ? undefined : this.#pagesOf(queue)
    if (pages === undefined) {
      this.#page = this.#longPage
      return this.#load(queue, queueOffset, wanted, wanted)
    }
    for (const page of pages) {
      const index = queueOffset - page.firstOffset
      if (index < 0 || index + wanted > page.finishedCount) continue
      this.#page = page
      this.#firstIndex = index
      return wanted
    }
    this.#page = takePage(pages, queueOffset)
    return this.#load(queue, queueOffset, wanted, KEPT_UNITS)
  }

  /** What to warm before {@link read} finds it. */
  range(queue: ConsumeQueue, queueOffset: number, count: number): ColdRange {
    const wanted = Math.min(count, this.#countMax)
    return queue.fileRange(queueOffset, wanted * CONSUME_QUEUE_UNIT_BYTES)
  }

  /** Sets `unit` to one that the last read found. */
  get(index: number, unit: ConsumeQueueUnit): void {
    const at = (this.#firstIndex + index) * CONSUME_QUEUE_UNIT_BYTES
    readConsumeQueueUnit(this.#page.bytes, at, unit)
  }

  /** Undefined for a queue that was not read lately: most may be read once, of very many. */
  #pagesOf(queue: ConsumeQueue): UnitPage[] | undefined {
    const pages = this.#kept.get(queue)
    if (pages !== undefined) return pages
    if (this.#kept.size >= KEPT_QUEUES_MAX) this.#kept.delete(this.#kept.keys().next().value!)
    this.#kept.set(queue, [])
    return undefined
  }

  /** Reads `count` units from `queueOffset` on, and looks at no more of them than are wanted. */
  #load(queue: ConsumeQueue, queueOffset: number, wanted: number, count: number): number {
    const page = this.#page
    const reputOffset = this.#reputOffset()
    this.#firstIndex = 0
    page.firstOffset = queueOffset
    page.finishedCount = 0
    const read = queue.readUnits(queueOffset, page.bytes, count * CONSUME_QUEUE_UNIT_BYTES)
    if (read < 0) return read
    // Units come in the order of the log: where one is finished, all before it are.
    if (read > 0 && this.#isFinished(read - 1, reputOffset)) page.finishedCount = read
    else page.finishedCount = this.#countFinished(Math.min(read, wanted), reputOffset)
    return Math.min(page.finishedCount, wanted)
  }

  #countFinished(count: number, reputOffset: number): number {
    if (count > 0 && this.#isFinished(count - 1, reputOffset)) return count
    for (let index = 0; index < count; index += 1) {
      if (!this.#isFinished(index, reputOffset)) return index
    }
    return count
  }

  #isFinished(index: number, reputOffset: number): boolean {
    this.get(index, this.#unit)
    const { recordBytes, physicalOffset } = this.#unit
    if (recordBytes <= 0) return false
    return isPreBlankUnit(this.#unit) || physicalOffset + recordBytes <= reputOffset
  }
}

/** The page whose reader has come to `queueOffset`, else a new one, else the oldest; it is last. */
function takePage(pages: UnitPage[], queueOffset: number): UnitPage {
  const left = pages.findIndex(
    ({ firstOffset, finishedCount }) =>
      queueOffset >= firstOffset && queueOffset <= firstOffset + finishedCount,
  )
  const isRoom = left < 0 && pages.length < KEPT_PAGES_MAX
  const page = isRoom ? createPage(KEPT_UNITS) : pages.splice(Math.max(left, 0), 1)[0]!
  pages.push(page)
  return page
}

function createPage(unitCount: number): UnitPage {
  const bytes = Buffer.alloc(unitCount * CONSUME_QUEUE_UNIT_BYTES)
  return { bytes, firstOffset: 0, finishedCount: 0 }
}
