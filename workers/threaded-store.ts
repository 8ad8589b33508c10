/**
 * The store with its threads: what a broker builds on. Appends and reads run on the event loop;
 * flush, reput and housekeeping each in a thread of their own.
 */
import { describeError, StoreError } from '../engine/base/errors.ts'
import { Lifecycle } from '../engine/base/lifecycle.ts'
import { type Logger, silentLogger } from '../engine/base/logger.ts'
import { MIB } from '../engine/base/units.ts'
import { loadMmapIoRegions } from '../engine/file/mmap-io-region.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import type { RecordSource } from '../engine/format/record-encoder.ts'
import type { AppendOutcome } from '../engine/log/append-outcome.ts'
import type { CommitLog } from '../engine/log/commit-log.ts'
import type { ScannedRuns } from '../engine/log/log-run.ts'
import type { QueueTail } from '../engine/log/queue-tail.ts'
import type { ColdRange, GetResult } from '../engine/store/get-result.ts'
import type { GetRequest, MessageReader } from '../engine/store/message-reader.ts'
import {
  MessageStore,
  type MessageStorePlace,
  type PreparedStore,
} from '../engine/store/message-store.ts'
import {
  parseStoreOptions,
  type StoreConfig,
  type StoreOptions,
} from '../engine/store/store-options.ts'
import { BackgroundScrub } from './background-scrub.ts'
import { reportBuild } from './build-report.ts'
import { ColdReader } from './cold-reader.ts'
import { CopyingReader, type ReadResult } from './copying-reader.ts'
import type { FromWorker } from './messages.ts'
import { QueryPool } from './query-pool.ts'
import { ReputWishes } from './reput-signals.ts'
import { RetentionLoop } from './retention-loop.ts'
import { scanAhead } from './scan-log.ts'
import { SegmentSupply } from './segment-supply.ts'
import { SharedState } from './shared-state.ts'
import type { StoreListener } from './store-listener.ts'
import { StoreThreads } from './store-threads.ts'
import { TopicDeletions } from './topic-deletions.ts'

/** The flush thread is woken for this much log, so that dirty pages never stall the writer. */
const FLUSH_WAKE_BYTES = 64 * MIB

export type { ReadResult } from './copying-reader.ts'
export type { StoreListener } from './store-listener.ts'

/** How a store is kept, and where it logs. */
export interface ThreadedStoreOptions extends StoreOptions {
  /** @default silent */
  readonly logger?: Logger | undefined
  /**
   * Called a few times a second while a start scans much of the log, with the bytes that were
   * scanned and that are to be. @default nobody
   */
  readonly onScanProgress?: ((doneBytes: number, totalBytes: number) => void) | undefined
}

export class ThreadedStore extends Lifecycle {
  readonly config: StoreConfig
  readonly #state = new SharedState()
  readonly #store: MessageStore
  readonly #threads: StoreThreads
  readonly #listeners: StoreListener[] = []
  readonly #logger: Logger
  readonly #copies: CopyingReader
  readonly #queries: QueryPool
  readonly #cold = new ColdReader()
  readonly #scrub: BackgroundScrub
  readonly #wishes: ReputWishes
  #flushWokenAt = 0
  /** A thread died, perhaps while the store was being closed. */
  #hasFailed = false
  readonly #deletions: TopicDeletions
  #endBuildReport: () => void = () => undefined
  readonly #supply: SegmentSupply
  readonly #retention: RetentionLoop
  #commitImmediate: NodeJS.Immediate | undefined

  /**
   * Opens the store in a directory, which is made when it is missing.
   * @throws {StoreError} see {@link MessageStore.open}; `STORE_OPTION_INVALID`,
   * `STORE_WORKER_FAILED`
   */
  static async open(
    directory: string,
    { logger = silentLogger, onScanProgress, ...options }: ThreadedStoreOptions = {},
  ): Promise<ThreadedStore> {
    const config = parseStoreOptions(options)
    const files = nodeFileSystem(config.mapping === 'mmap-io' ? loadMmapIoRegions() : undefined)
    const place = { files, directory, config, logger }
    const prepared = MessageStore.prepare(place)
    const { input, scan } = prepared.plan
    const scannedRuns = await scanAhead(input, scan, { logger, onProgress: onScanProgress })
    const store = new ThreadedStore(place, prepared, scannedRuns)
    try {
      await store.#threads.ready()
    } catch (error) {
      await store.#scrub.close()
      store.#store.close({ isClean: false, lastRecordOffset: -1 })
      throw error
    }
    store.markOpen()
    store.#reportBuild()
    if (!store.log.hasNextSegment) store.#supply.want(store.#store.recovered.segment.endOffset)
    store.#retention.start()
    return store
  }

  private constructor(place: MessageStorePlace, prepared: PreparedStore, scannedRuns: ScannedRuns) {
    super()
    const { files, directory, config, logger } = place
    this.config = config
    this.#logger = logger
    this.#store = MessageStore.open({
      ...place,
      prepared,
      scannedRuns,
      listener: {
        onWritten: (offset, timestampMs, queues) => this.#onWritten(offset, timestampMs, queues),
        onTakenBack: (offset, error) => this.#onTakenBack(offset, error),
        onSegmentWanted: (startOffset) => this.#onRolled(startOffset),
        onTurnStarted: () => this.#onTurnStarted(),
      },
      reputOffset: () => this.#state.reputOffset,
    })
    this.#deletions = new TopicDeletions(this.#store)
    const { recovered } = this.#store
    const { endOffset, redoFromOffset, cutOffset, restartOffsets, wasAborted } = recovered
    const { segmentBytes } = this.log.segments
    this.#wishes = new ReputWishes(this.#state, endOffset)
    this.#flushWokenAt = endOffset
    for (const segment of this.log.segments) {
      this.#state.setSegmentFd(segment.startOffset / segmentBytes, segment.fd)
    }
    this.#state.publishWritten(endOffset, 0)
    this.#state.publishFlushed(endOffset, 0)
    this.#state.publishReput(redoFromOffset)
    this.#queries = new QueryPool(this.#store.layout, config, segmentBytes)
    this.#copies = new CopyingReader({
      reader: this.reader,
      get: (...values) => this.get(...values),
      warm: (ranges) => this.warm(ranges),
    })
    this.#scrub = new BackgroundScrub({
      files,
      layout: this.#store.layout,
      startOffsets: [...this.log.segments].map(({ startOffset }) => startOffset),
      config,
      segmentBytes,
      trustedOffset: endOffset,
      writtenOffset: () => this.log.writtenOffset,
      flushedOffset: () => this.#state.flushedOffset,
      logger,
    })
    this.#threads = new StoreThreads(
      this.#state,
      {
        directory,
        config,
        segmentBytes,
        endOffset,
        redoFromOffset,
        cutOffset,
        restartOffsets,
        wasAborted,
      },
      {
        onMessage: (message) => this.#onMessage(message),
        onDeath: (cause) => this.#refuse(cause),
      },
    )
    this.#supply = this.#makeSupply()
    this.#retention = this.#makeRetention()
  }

  get log(): CommitLog {
    return this.#store.log
  }

  get reader(): MessageReader {
    return this.#store.reader
  }

  get layout(): MessageStore['layout'] {
    return this.#store.layout
  }

  /** Key, tag and time look-ups, in threads of their own. */
  get queries(): QueryPool {
    return this.#queries
  }

  get flushedOffset(): number {
    return this.#state.flushedOffset
  }

  get reputOffset(): number {
    return this.#state.reputOffset
  }

  /** False once the thread that builds queues and index has failed: what it owes never comes. */
  get isBuilding(): boolean {
    return this.#threads.isReputAlive
  }

  /** False once the thread that flushes the log has failed: nothing more becomes durable. */
  get isFlushing(): boolean {
    return this.#threads.isFlushAlive
  }

  listen(listener: StoreListener): void {
    this.#listeners.push(listener)
  }

  /** The end of a queue: fetch it once and keep it, as long as the topic is not deleted. */
  tail(topic: string, queueId: number): QueueTail {
    return this.#store.tails.tail(topic, queueId)
  }

  /** The units of a queue, for someone who reads them himself. */
  queue(topic: string, queueId: number): ReturnType<MessageStore['queue']> {
    return this.#store.queue(topic, queueId)
  }

  /** Appends one message; on `APPENDED` see `log.last…`. It is written when the turn ends. */
  append(source: RecordSource, tail: QueueTail): AppendOutcome {
    return this.#store.log.append(source, tail)
  }

  /** Reads a queue from an offset on. */
  get(topic: string, queueId: number, request: GetRequest, result: GetResult): void {
    this.#store.reader.get(
      this.#store.queue(topic, queueId),
      this.tail(topic, queueId),
      request,
      result,
    )
  }

  /**
   * Reads like {@link get}, waits for the disk where it must, and copies the records.
   * @throws {StoreError} `STORE_IO_FAILED`
   */
  read(topic: string, queueId: number, request: GetRequest): Promise<ReadResult> {
    return this.#copies.read(topic, queueId, request)
  }

  /**
   * A copy of the record that starts at a physical offset; undefined when none does.
   * @throws {StoreError} `STORE_IO_FAILED`
   */
  readRecord(physicalOffset: number): Promise<Buffer | undefined> {
    return this.#copies.readRecord(physicalOffset)
  }

  /** Oldest queue offset whose message the log still holds. */
  minQueueOffset(topic: string, queueId: number): number {
    return this.#store.queue(topic, queueId).minQueueOffset(this.log.segments.startOffset)
  }

  /** Queue offset behind the newest message. */
  maxQueueOffset(topic: string, queueId: number): number {
    return this.tail(topic, queueId).nextQueueOffset
  }

  /** Brings what is not in memory there, without holding up the event loop. */
  warm(ranges: readonly ColdRange[]): Promise<void> {
    return this.#cold.warm(ranges)
  }

  /**
   * Asks for one {@link StoreListener.onReput} once the reput offset has moved beyond `seenOffset`.
   * @returns false when it has moved already, so that nobody need wait.
   */
  wantReput(seenOffset: number): boolean {
    return this.#wishes.want(seenOffset, this.log.writtenOffset)
  }

  /** Asks for {@link StoreListener.onFlushed} once the log is on the disk up to `offset`. */
  wantFlush(offset: number): void {
    if (this.#state.flushWantedOffset >= offset) return
    this.#state.wantFlush(offset)
    this.#state.wake('FLUSH')
  }

  /**
   * Deletes segments that have been kept for their time, whatever the hour
   * (DefaultMessageStore.executeDeleteFilesManually); a store that does not expire deletes none.
   */
  deleteExpired(): void {
    this.#retention.deleteExpired()
  }

  /** Deletes the files of queues and index that lead to nothing any more. */
  trimQueues(): void {
    this.#retention.trim()
  }

  /**
   * Removes the queues of a topic; its records stay in the log until they expire. Until that is
   * done, messages that come for the topic go on behind its old ones; afterwards from 0.
   * Resolves when no start brings them back.
   * @throws {StoreError} why the store is read-only, or `STORE_CLOSED`: they may come back.
   */
  async deleteTopic(topic: string): Promise<void> {
    this.#commitTurn()
    const untilOffset = this.log.writtenOffset
    const kept = this.#deletions.begin(topic, this.log.refusal)
    this.#threads.askReput({ kind: 'delete-topic', topic, untilOffset })
    this.wantFlush(untilOffset)
    await kept
  }

  protected override async drain(): Promise<void> {
    clearImmediate(this.#commitImmediate)
    this.#commitTurn()
    const isHealthy = this.log.refusal === undefined
    // From here on nothing is appended: it would come too late for the flush and the queues.
    this.log.refuse(new StoreError('STORE_CLOSED', 'the store is closed'))
    if (isHealthy) await this.#threads.stop()
    else await this.#threads.terminate()
    await this.#leave(isHealthy && !this.#hasFailed)
  }

  /** What was written stays, what was not is gone; the next start recovers as after a kill. */
  protected override async abort(reason: Error): Promise<void> {
    clearImmediate(this.#commitImmediate)
    const refusal = new StoreError('STORE_CLOSED', 'the store was destroyed', { cause: reason })
    this.log.refuse(refusal)
    this.#tellReadOnly(refusal)
    await this.#threads.terminate()
    await this.#leave(false)
  }

  async #leave(isClean: boolean): Promise<void> {
    this.#endBuildReport()
    this.#supply.stop()
    this.#retention.close()
    this.#deletions.fail(new StoreError('STORE_CLOSED', 'the store is closed'))
    await Promise.all([this.#queries.close(), this.#scrub.close()])
    this.#store.close({ isClean, lastRecordOffset: this.#store.lastRecordOffset })
  }

  #reportBuild(): void {
    const { redoFromOffset: fromOffset, endOffset } = this.#store.recovered
    const reputOffset = () => this.#state.reputOffset
    this.#endBuildReport = reportBuild(this.#logger, { fromOffset, endOffset, reputOffset })
  }

  #onTurnStarted(): void {
    this.#commitImmediate ??= setImmediate(() => this.#commitTurn())
  }

  #commitTurn(): void {
    this.#commitImmediate = undefined
    this.log.commitTurn()
  }

  #onWritten(writtenOffset: number, timestampMs: number, queues: readonly QueueTail[]): void {
    this.#state.publishWritten(writtenOffset, timestampMs)
    for (const listener of this.#listeners) listener.onWritten(writtenOffset, queues)
    this.#wishes.written(writtenOffset)
    if (writtenOffset - this.#flushWokenAt >= FLUSH_WAKE_BYTES) {
      this.#flushWokenAt = writtenOffset
      this.#state.wake('FLUSH')
    }
  }

  #onTakenBack(fromOffset: number, error: StoreError): void {
    this.#logger.error(describeError(error))
    for (const listener of this.#listeners) listener.onTakenBack(fromOffset, error)
    if (this.log.refusal !== undefined) this.#tellReadOnly(error)
  }

  #onRolled(nextStartOffset: number): void {
    const current = this.log.segments.last
    if (current !== undefined) {
      this.#state.setSegmentFd(current.startOffset / current.sizeBytes, current.fd)
    }
    this.#supply.want(nextStartOffset)
    this.#retention.lookSoon()
    this.#scrub.segmentSealed()
  }

  #onMessage(message: FromWorker): void {
    switch (message.kind) {
      case 'deletions-kept':
        this.#deletions.kept(message.count)
        break
      case 'flushed':
        if (this.#deletions.areUnkept) this.#state.wake('REPUT')
        for (const listener of this.#listeners) listener.onFlushed(this.#state.flushedOffset)
        break
      case 'reput':
        this.#wishes.told()
        for (const listener of this.#listeners) listener.onReput(this.#state.reputOffset)
        break
      case 'prepared':
        this.#takeSegment(message.startOffset)
        break
      case 'not-prepared':
        if (this.status === 'open') this.#supply.failed(message.startOffset, message)
        break
      case 'looked':
      case 'segment-deleted':
      case 'segment-not-deleted':
        this.#retention.receive(message)
        break
      case 'trimmed':
        this.#store.forgetFiles(message.paths)
        break
      case 'warning':
        this.#logger.warn(message.message)
        break
      case 'topic-deleted':
        this.#deletions.done()
        // Who came back meanwhile waits behind an end that the queues no longer have.
        for (const listener of this.#listeners) listener.onReput(this.#state.reputOffset)
        break
      default:
        break
    }
  }

  #makeSupply(): SegmentSupply {
    return new SegmentSupply({
      logger: this.#logger,
      askHousekeeping: (message) => this.#threads.askHousekeeping(message),
      open: (startOffset) => this.#store.openSegment(startOffset),
      onFailure: (error) => this.#onSegmentFailure(error),
    })
  }

  #makeRetention(): RetentionLoop {
    return new RetentionLoop({
      log: this.log,
      config: this.config,
      logger: this.#logger,
      flushedOffset: () => this.#state.flushedOffset,
      askHousekeeping: (message) => this.#threads.askHousekeeping(message),
      askReput: (message) => this.#threads.askReput(message),
      wantFlush: (offset) => this.wantFlush(offset),
      onHeld: (segment) => {
        for (const listener of this.#listeners) listener.onSegmentHeld?.(segment)
      },
      onRoomChange: () => {
        this.#supply.retryNow()
        this.#tellReady()
      },
    })
  }

  #takeSegment(startOffset: number): void {
    if (this.status !== 'open') return
    const segment = this.#supply.take(startOffset)
    if (segment === undefined) return
    // Before its first write: the flush thread finds the descriptor by the segment's number.
    this.#state.setSegmentFd(startOffset / segment.sizeBytes, segment.fd)
    this.log.offerSegment(segment)
    this.#tellReady()
  }

  #onSegmentFailure(error: StoreError): void {
    this.log.reportSegmentFailure(error)
    this.#retention.lookSoon()
    this.#tellReady()
  }

  #tellReady(): void {
    for (const listener of this.#listeners) listener.onReady()
  }

  #refuse(cause: StoreError): void {
    this.#hasFailed = true
    this.#logger.error(`the store is read-only from now on: ${describeError(cause)}`)
    this.log.refuse(cause)
    this.#tellReadOnly(cause)
  }

  #tellReadOnly(cause: StoreError): void {
    this.#deletions.fail(cause)
    for (const listener of this.#listeners) listener.onReadOnly(cause)
  }
}
