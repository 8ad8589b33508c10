/**
 * A whole store without threads, over any disk: flush and reput are taken by hand, so that a test
 * decides what has happened when the power goes.
 */
import { join } from 'node:path'
import { silentLogger } from '../../engine/base/logger.ts'
import type { FileSystem } from '../../engine/file/file-system.ts'
import { prepareFile } from '../../engine/file/preallocator.ts'
import { segmentPath } from '../../engine/file/store-layout.ts'
import { createUnsyncedFiles } from '../../engine/file/sync-files.ts'
import { hostOf } from '../../engine/format/host.ts'
import { PropertyName } from '../../engine/format/message-const.ts'
import { encodeProperties } from '../../engine/format/properties-codec.ts'
import { createRecordSource } from '../../engine/format/record-encoder.ts'
import { messagesIn, type StoredMessage } from '../../engine/format/stored-message.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import type { CommitLogListener } from '../../engine/log/commit-log.ts'
import { LogFlusher } from '../../engine/log/log-flusher.ts'
import { ConsumeQueueStore } from '../../engine/queue/consume-queue-store.ts'
import { DelayLevels } from '../../engine/queue/delay-levels.ts'
import { DeletedTopics } from '../../engine/queue/deleted-topics.ts'
import { IndexStore } from '../../engine/queue/index-store.ts'
import { Reputter } from '../../engine/queue/reput-step.ts'
import { type BuiltFiles, CheckpointKeeper } from '../../engine/store/checkpoint-keeper.ts'
import { DurableMarkWriter } from '../../engine/store/durable-mark.ts'
import { createGetResult, type GetResult } from '../../engine/store/get-result.ts'
import type { GetRequest } from '../../engine/store/message-reader.ts'
import { MessageStore } from '../../engine/store/message-store.ts'
import { deleteSegment } from '../../engine/store/segment-deletion.ts'
import { parseStoreOptions, type StoreOptions } from '../../engine/store/store-options.ts'

const OPEN_FILES_MAX = 100
const HOST = hostOf('127.0.0.1', 10911)

export interface SteppedMessage {
  readonly topic?: string
  readonly queueId?: number
  readonly body?: string
  readonly keys?: string
  readonly tags?: string
}

export class SteppedStore {
  readonly store: MessageStore
  readonly queues: ConsumeQueueStore
  readonly index: IndexStore
  readonly reputter: Reputter
  readonly flusher: LogFlusher
  readonly #deletedTopics: DeletedTopics
  readonly #files: FileSystem
  readonly #checkpoints: CheckpointKeeper
  #writtenTimestampMs = 0
  #flushedTimestampMs = 0
  readonly #mark: DurableMarkWriter
  /** Queues and index of everything before are on the disk. */
  #builtOffset: number

  /**
   * @param heard is told what becomes of turns, and says how far readers know of what was built;
   * without it, {@link append} ends each turn by itself and all of it is known
   */
  constructor(
    files: FileSystem,
    directory: string,
    options: StoreOptions,
    heard: Partial<CommitLogListener & { reputOffset: () => number }> = {},
  ) {
    this.#files = files
    const config = parseStoreOptions(options)
    this.store = MessageStore.open({
      files,
      directory,
      config,
      logger: silentLogger,
      listener: {
        onWritten: (offset, timestampMs, queues) => {
          this.#writtenTimestampMs = timestampMs
          heard.onWritten?.(offset, timestampMs, queues)
        },
        onTakenBack: (fromOffset, error) => heard.onTakenBack?.(fromOffset, error),
        onSegmentWanted: (startOffset) => this.#offerSegment(startOffset),
        onTurnStarted: () => heard.onTurnStarted?.(),
      },
      reputOffset: () => heard.reputOffset?.() ?? this.reputter.reputOffset,
    })
    const { layout, log, recovered } = this.store
    this.#builtOffset = recovered.redoFromOffset
    const workDirectory = layout.work
    const { consumeQueueFileBytes: fileBytes } = config
    const queueLocation = { root: layout.consumeQueue, workDirectory, fileBytes }
    this.queues = new ConsumeQueueStore(files, queueLocation, OPEN_FILES_MAX)
    this.index = new IndexStore(files, {
      directory: layout.index,
      workDirectory,
      slotCount: config.indexSlotCount,
      entryCount: config.indexEntryCount,
    })
    this.index.cut(recovered.cutOffset, recovered)
    const { segmentBytes } = log.segments
    this.#deletedTopics = new DeletedTopics(files, workDirectory)
    this.reputter = new Reputter(
      files,
      { directory: layout.commitLog, segmentBytes, reputOffset: recovered.redoFromOffset },
      {
        queues: this.queues,
        index: this.index,
        delayLevels: new DelayLevels(config.delayLevels),
        restartOffsets: recovered.restartOffsets,
        deletedTopics: this.#deletedTopics,
      },
    )
    this.flusher = new LogFlusher(
      files,
      { segmentBytes, flushedOffset: recovered.endOffset },
      (startOffset) => log.segments.find(startOffset)?.fd ?? -1,
    )
    this.#checkpoints = new CheckpointKeeper(
      files,
      layout,
      recovered.endOffset,
      () => this.#flushedTimestampMs,
    )
    const durableOffset = recovered.endOffset
    this.#mark = new DurableMarkWriter(files, layout, { durableOffset, segmentBytes })
    if (!log.hasNextSegment) this.#offerSegment(recovered.segment.endOffset)
  }

  /** Appends one message and writes it; its physical offset. */
  append(message: SteppedMessage = {}): number {
    this.stage(message)
    this.store.log.commitTurn()
    return this.store.log.lastPhysicalOffset
  }

  /** Appends one message; it is written when the turn is committed. See `log.last…`. */
  stage({ topic = 'T', queueId = 0, body = '', keys, tags }: SteppedMessage): void {
    const source = createRecordSource()
    source.topic = Buffer.from(topic)
    source.topicEnd = source.topic.length
    source.queueId = queueId
    source.bornHost = HOST
    source.storeHost = HOST
    source.body = Buffer.from(body)
    source.bodyEnd = source.body.length
    const properties = new Map<string, string>()
    if (keys !== undefined) properties.set(PropertyName.KEYS, keys)
    if (tags !== undefined) properties.set(PropertyName.TAGS, tags)
    source.properties = encodeProperties(properties)
    source.propertiesEnd = source.properties.length
    const outcome = this.store.log.append(source, this.store.tails.tail(topic, queueId))
    if (outcome !== AppendOutcome.APPENDED) throw new Error(`append: ${outcome}`)
  }

  /** Builds queues and index, to the end of the log if nothing else is said. */
  reput(untilOffset = this.store.log.writtenOffset): void {
    while (this.reputter.reputOffset < untilOffset) this.reputter.reputStep(untilOffset)
  }

  /** Makes the log durable. */
  flush(): void {
    const timestampMs = this.#writtenTimestampMs
    this.flusher.flushStep(this.store.log.writtenOffset)
    this.#flushedTimestampMs = timestampMs
    this.#mark.write(this.flusher.flushedOffset)
  }

  /** What reput hands over to be synced. */
  takeBuilt({ isThorough }: { isThorough: boolean }): BuiltFiles {
    const unsynced = createUnsyncedFiles()
    this.queues.takeUnsynced(unsynced, 0)
    if (isThorough) this.index.takeUnsynced(unsynced)
    const queueTimestampMs = this.reputter.reputTimestampMs
    const indexTimestampMs = this.index.endTimestampMs
    const untilOffset = this.reputter.reputOffset
    const indexMark = this.index.mark(untilOffset)
    return { unsynced, untilOffset, queueTimestampMs, indexTimestampMs, indexMark, isThorough }
  }

  /** Makes that durable, and moves the checkpoint when it was thorough. */
  syncBuilt(built: BuiltFiles): void {
    this.#checkpoints.syncBuilt(built)
    if (built.isThorough) this.#builtOffset = built.untilOffset
  }

  /** The end of the oldest segment, if it may be deleted; else undefined. */
  oldestEnd({ isHasty = false }: { isHasty?: boolean } = {}): number | undefined {
    const { log } = this.store
    const oldest = log.segments.first
    if (oldest === undefined || log.segments.count < 2) return undefined
    const durableOffset = Math.min(this.flusher.flushedOffset, this.#builtOffset)
    return isHasty || oldest.endOffset <= durableOffset ? oldest.endOffset : undefined
  }

  /** Deletes the oldest segment, and what of queues and index leads to it. */
  deleteOldest(): void {
    const { log, layout } = this.store
    const oldest = log.segments.shift()
    if (oldest === undefined) throw new Error('a log has a segment')
    oldest.close()
    deleteSegment(this.#files, layout, oldest.startOffset)
    const { startOffset } = log.segments
    for (const paths of this.queues.trim(startOffset)) this.store.forgetFiles(paths)
    this.index.trim(startOffset)
  }

  /**
   * Removes the queues of a topic, once they are complete, for good.
   * @param between what happens while the log is built up to the deletion
   */
  deleteTopic(topic: string, between: () => void = () => undefined): void {
    this.store.log.commitTurn()
    this.store.loadTails(topic)
    const ends = this.store.tails.ends(topic)
    const untilOffset = this.store.log.writtenOffset
    this.flush()
    this.#deletedTopics.add([{ topic, untilOffset }])
    between()
    this.reput(untilOffset)
    this.queues.delete(topic)
    this.store.forgetTopic(topic)
    for (const [tail, end] of ends) if (tail.nextQueueOffset === end) tail.nextQueueOffset = 0
  }

  /** Makes durable what reput wrote, and moves the checkpoint. */
  syncQueues(): void {
    this.syncBuilt(this.takeBuilt({ isThorough: true }))
  }

  get(queueOffset: number, request: Partial<GetRequest> & SteppedMessage = {}): GetResult {
    const { topic = 'T', queueId = 0, ...rest } = request
    const result = createGetResult()
    this.store.reader.get(
      this.store.queue(topic, queueId),
      this.store.tails.tail(topic, queueId),
      { queueOffset, messageCountMax: 32, ...rest },
      result,
    )
    return result
  }

  /** Topics that have queues on the disk. */
  topics(): string[] {
    return this.#files.list(this.store.layout.consumeQueue)
  }

  /** Queues of a topic that have files on the disk. */
  queueIds(topic: string): number[] {
    const root = this.store.layout.consumeQueue
    const names = this.#files.list(join(root, topic))
    return names.filter((name) => this.#files.list(join(root, topic, name)).length > 0).map(Number)
  }

  /** Every message of a queue, from its oldest on. */
  readAll(topic = 'T', queueId = 0): StoredMessage[] {
    const messages: StoredMessage[] = []
    let { minOffset: offset, maxOffset } = this.get(0, { topic, queueId })
    while (offset < maxOffset) {
      const result = this.get(offset, { topic, queueId })
      if (result.messageCount === 0) throw new Error(`${result.status} at ${offset}`)
      messages.push(...messagesOf(result))
      offset = result.nextBeginOffset
      maxOffset = result.maxOffset
    }
    return messages
  }

  /** Leaves the directory in order, as the threads would. */
  close(): void {
    this.store.log.commitTurn()
    this.reput()
    const built = this.takeBuilt({ isThorough: true })
    this.flush()
    this.syncBuilt(built)
    this.#checkpoints.save()
    this.#closeParts()
    const { log } = this.store
    const isLast = log.lastPhysicalOffset + log.lastRecordBytes === log.writtenOffset
    this.store.close({ isClean: true, lastRecordOffset: isLast ? log.lastPhysicalOffset : -1 })
  }

  /** Lets go of everything without a word, as a process that is killed. */
  kill(): void {
    this.#closeParts()
    this.store.close({ isClean: false, lastRecordOffset: -1 })
  }

  #closeParts(): void {
    this.#mark.close()
    this.reputter.close()
    this.queues.close()
    this.index.close()
  }

  #offerSegment(startOffset: number): void {
    const { layout, log } = this.store
    const path = segmentPath(layout.commitLog, startOffset)
    if (!this.#files.exists(path)) {
      prepareFile(this.#files, {
        path,
        sizeBytes: log.segments.segmentBytes,
        workDirectory: layout.work,
        preparation: 'allocate',
        durable: true,
      })
    }
    log.offerSegment(this.store.openSegment(startOffset))
  }
}

export function messagesOf(result: GetResult): StoredMessage[] {
  return result.slices.flatMap(({ segment, start, lengthBytes }) => [
    ...messagesIn(Buffer.from(segment.region.bytes.subarray(start, start + lengthBytes))),
  ])
}
