/**
 * Walks the log behind the appender and builds from it what readers look things up in: a unit in
 * the message's consume queue, and index entries for its unique key, its keys and its tags.
 * (DefaultMessageStore.ReputMessageService, CommitLogDispatcherBuildConsumeQueue, IndexService.)
 */
import { StoreError } from '../base/errors.ts'
import { MIB } from '../base/units.ts'
import type { FileSystem } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { indexKeyHashOfUtf8, indexKeySeed, indexTagSeed } from '../format/index-format.ts'
import { LinearMemory } from '../format/linear-memory.ts'
import { PropertyName } from '../format/message-const.ts'
import { PropertyFinder } from '../format/properties-codec.ts'
import type { RecordView } from '../format/record-decoder.ts'
import {
  TRANSACTION_PREPARED_TYPE,
  TRANSACTION_ROLLBACK_TYPE,
  transactionTypeOf,
} from '../format/sys-flag.ts'
import { type LogLocation, LogScanner, ScanStep } from '../log/log-scanner.ts'
import type { ConsumeQueueStore } from './consume-queue-store.ts'
import type { DelayLevels } from './delay-levels.ts'
import type { DeletedTopics } from './deleted-topics.ts'
import type { IndexStore } from './index-store.ts'
import type { RestartOffsets } from './queue-restarts.ts'
import { TopicEntries, type TopicEntry } from './topic-entries.ts'
import { TAGS_CODE_PROPERTIES, unitTagsCode } from './unit-tags-code.ts'

/** A step ends after this much log, so that what it built is seen soon. */
const STEP_BYTES_MAX = MIB
const SPACE = 0x20

const TAGS = 0
const KEYS = TAGS_CODE_PROPERTIES.length
const UNIQUE_KEY = KEYS + 1
const PROPERTIES = [
  ...TAGS_CODE_PROPERTIES,
  PropertyName.KEYS,
  PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX,
] as const

export interface ReputTools {
  readonly queues: ConsumeQueueStore
  /** Undefined when the message index is off. */
  readonly index: IndexStore | undefined
  readonly delayLevels: DelayLevels
  /** Records that were deleted with their topic have no unit. @default none */
  readonly deletedTopics?: DeletedTopics
  /** Records of a queue before the place where it began anew have no unit. @default none */
  readonly restartOffsets?: RestartOffsets
}

/** What the hashes of a topic's keys and tags begin with. */
interface TopicSeeds extends TopicEntry {
  readonly keySeed: number
  readonly tagSeed: number
}

export class Reputter {
  readonly #log: LogLocation
  readonly #scanner: LogScanner
  readonly #tools: ReputTools
  readonly #properties: PropertyFinder
  #reputOffset: number
  #reputTimestampMs = 0
  readonly #seeds = new TopicEntries<TopicSeeds>(seedsOf)
  /** Nothing is passed over behind this physical offset: no queue began anew, nor was deleted. */
  #passesUntil: number

  constructor(files: FileSystem, log: LogLocation & { reputOffset: number }, tools: ReputTools) {
    this.#log = log
    const memory = LinearMemory.reserve(LogScanner.MEMORY_BYTES + PropertyFinder.MEMORY_BYTES)
    this.#scanner = new LogScanner(files, log, { checkCrc: false }, memory)
    this.#properties = new PropertyFinder(PROPERTIES, memory)
    this.#tools = tools
    this.#reputOffset = log.reputOffset
    this.#passesUntil = tools.deletedTopics?.endOffset ?? 0
    for (const queues of tools.restartOffsets?.values() ?? []) {
      this.#passesUntil = Math.max(this.#passesUntil, ...queues.values())
    }
  }

  /** Everything before this physical offset has its units and index entries. */
  get reputOffset(): number {
    return this.#reputOffset
  }

  /** Store time of the last record that was built, in ms. */
  get reputTimestampMs(): number {
    return this.#reputTimestampMs
  }

  /**
   * Builds the next stretch of the log, at most up to `writtenOffset`.
   * @returns the new reput offset.
   * @throws {StoreError} `STORE_RECORD_CORRUPT` when the log holds no record where one was written.
   */
  reputStep(writtenOffset: number): number {
    const stepEnd = Math.min(writtenOffset, this.#reputOffset + STEP_BYTES_MAX)
    let offset = this.#reputOffset
    while (offset < stepEnd) {
      const step = this.#scanner.at(offset, writtenOffset)
      if (step === ScanStep.RECORD) {
        this.#dispatch(this.#scanner.buffer, this.#scanner.view)
        offset += this.#scanner.view.totalBytes
      } else if (step === ScanStep.SEGMENT_END) {
        offset = this.#scanner.segmentEnd(offset)
      } else {
        const { finding } = this.#scanner
        const start = offset - (offset % this.#log.segmentBytes)
        const path = segmentPath(this.#log.directory, start)
        const message = `${path} holds no whole record at byte ${offset - start}: ${finding}`
        throw new StoreError('STORE_RECORD_CORRUPT', message)
      }
    }
    this.#tools.queues.writeStaged()
    this.#tools.index?.writeHeader()
    this.#reputOffset = offset
    return offset
  }

  /** A topic is deleted: nothing is kept for its next messages. */
  forgetTopic(topic: string): void {
    this.#tools.queues.delete(topic)
    this.#seeds.remove(topic)
  }

  close(): void {
    this.#scanner.close()
  }

  #dispatch(bytes: Buffer, view: RecordView): void {
    this.#properties.scan(bytes, view.propertiesStart, view.propertiesEnd)
    this.#reputTimestampMs = view.storeTimestampMs
    const transactionType = transactionTypeOf(view.sysFlag)
    const isRolledBack = transactionType === TRANSACTION_ROLLBACK_TYPE
    if (!isRolledBack && transactionType !== TRANSACTION_PREPARED_TYPE) this.#putUnit(bytes, view)
    if (!isRolledBack) this.#putIndex(bytes, view)
  }

  #putUnit(bytes: Buffer, view: RecordView): void {
    const { queues, delayLevels } = this.#tools
    if (view.physicalOffset < this.#passesUntil && this.#isPassedOver(bytes, view)) return
    const writer = queues.writer(bytes, view.topicStart, view.topicEnd, view.queueId)
    const { topic } = writer
    const { storeTimestampMs } = view
    const tagsCode = unitTagsCode(bytes, storeTimestampMs, topic, this.#properties, delayLevels)
    queues.put(writer, view.queueOffset, view.physicalOffset, view.totalBytes, tagsCode)
  }

  #isPassedOver(bytes: Buffer, view: RecordView): boolean {
    const { deletedTopics, restartOffsets } = this.#tools
    const { physicalOffset, queueId } = view
    const topic = bytes.toString('utf8', view.topicStart, view.topicEnd)
    if (physicalOffset < (restartOffsets?.get(topic)?.get(queueId) ?? 0)) return true
    return deletedTopics?.has(topic, physicalOffset) ?? false
  }

  #putIndex(bytes: Buffer, view: RecordView): void {
    const { index } = this.#tools
    if (index === undefined || view.physicalOffset < index.endPhysicalOffset) return
    const { keySeed, tagSeed } = this.#seeds.of(bytes, view.topicStart, view.topicEnd)
    if (this.#properties.has(UNIQUE_KEY)) {
      const start = this.#properties.startOf(UNIQUE_KEY)
      this.#putKey(index, bytes, start, this.#properties.endOf(UNIQUE_KEY), keySeed, view)
    }
    if (this.#properties.has(KEYS)) this.#putKeys(index, bytes, keySeed, view)
    if (this.#properties.has(TAGS)) {
      const start = this.#properties.startOf(TAGS)
      this.#putKey(index, bytes, start, this.#properties.endOf(TAGS), tagSeed, view)
    }
  }

  /** Keys are parted by spaces. */
  #putKeys(index: IndexStore, bytes: Buffer, seed: number, view: RecordView): void {
    const end = this.#properties.endOf(KEYS)
    let start = this.#properties.startOf(KEYS)
    while (start < end) {
      let keyEnd = start
      while (keyEnd < end && bytes[keyEnd] !== SPACE) keyEnd += 1
      if (keyEnd > start) this.#putKey(index, bytes, start, keyEnd, seed, view)
      start = keyEnd + 1
    }
  }

  #putKey(
    index: IndexStore,
    bytes: Buffer,
    start: number,
    end: number,
    seed: number,
    view: RecordView,
  ): void {
    const keyHash = indexKeyHashOfUtf8(bytes, start, end, seed)
    index.put(keyHash, view.physicalOffset, view.storeTimestampMs)
  }
}

function seedsOf(name: Buffer): TopicSeeds {
  const keySeed = indexKeySeed(name, 0, name.length)
  return { name, keySeed, tagSeed: indexTagSeed(name, 0, name.length) }
}
