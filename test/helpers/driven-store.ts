/**
 * A store as the broker's capabilities see it, without threads: the log, its queues and its reader
 * are the real ones, and a test decides when the flush and the building of queues come.
 */
import type { FileSystem } from '../../engine/file/file-system.ts'
import type { MappedRegion } from '../../engine/file/mapped-region.ts'
import type { RecordSource } from '../../engine/format/record-encoder.ts'
import type { AppendOutcome } from '../../engine/log/append-outcome.ts'
import type { CommitLog } from '../../engine/log/commit-log.ts'
import type { QueueTail } from '../../engine/log/queue-tail.ts'
import type { ColdRange, GetResult } from '../../engine/store/get-result.ts'
import type { GetRequest, MessageReader } from '../../engine/store/message-reader.ts'
import {
  parseStoreOptions,
  type StoreConfig,
  type StoreOptions,
} from '../../engine/store/store-options.ts'
import { CopyingReader, type ReadResult } from '../../workers/copying-reader.ts'
import type { StoreListener, ThreadedStore } from '../../workers/threaded-store.ts'
import { SteppedStore } from './stepped-store.ts'

export class DrivenStore {
  readonly config: StoreConfig
  readonly stepped: SteppedStore
  /** While it is, nothing becomes durable, whoever wants it. */
  isFlushStuck = false
  /** Whether a stretch of a segment is taken for one that is on the disk only. */
  isCold: (start: number) => boolean = () => false
  /** Called for what is to be brought into memory. */
  onWarm: (ranges: readonly ColdRange[]) => Promise<void> = () => Promise.resolve()
  readonly #listeners: StoreListener[] = []
  readonly #copies: CopyingReader
  #wantedFlushOffset = 0
  #isReputWanted = false

  constructor(files: FileSystem, directory: string, options: StoreOptions) {
    this.config = parseStoreOptions(options)
    const seen = withColdRegions(files, (start) => this.isCold(start))
    this.stepped = new SteppedStore(seen, directory, options, {
      onWritten: (offset, _timestampMs, queues) => this.#onWritten(offset, queues),
      onTurnStarted: () => void setImmediate(() => this.log.commitTurn()),
    })
    this.#copies = new CopyingReader({
      reader: this.stepped.store.reader,
      get: (...values) => this.get(...values),
      warm: (ranges) => this.warm(ranges),
    })
  }

  /** What takes a store takes this one. */
  get asThreaded(): ThreadedStore {
    return this as unknown as ThreadedStore
  }

  get log(): CommitLog {
    return this.stepped.store.log
  }

  get reader(): MessageReader {
    return this.stepped.store.reader
  }

  get layout(): SteppedStore['store']['layout'] {
    return this.stepped.store.layout
  }

  get flushedOffset(): number {
    return this.stepped.flusher.flushedOffset
  }

  get reputOffset(): number {
    return this.stepped.reputter.reputOffset
  }

  listen(listener: StoreListener): void {
    this.#listeners.push(listener)
  }

  tail(topic: string, queueId: number): QueueTail {
    return this.stepped.store.tails.tail(topic, queueId)
  }

  queue(topic: string, queueId: number): ReturnType<SteppedStore['store']['queue']> {
    return this.stepped.store.queue(topic, queueId)
  }

  append(source: RecordSource, tail: QueueTail): AppendOutcome {
    return this.log.append(source, tail)
  }

  get(topic: string, queueId: number, request: GetRequest, result: GetResult): void {
    const { reader } = this.stepped.store
    reader.get(this.queue(topic, queueId), this.tail(topic, queueId), request, result)
  }

  read(topic: string, queueId: number, request: GetRequest): Promise<ReadResult> {
    return this.#copies.read(topic, queueId, request)
  }

  readRecord(physicalOffset: number): Promise<Buffer | undefined> {
    return this.#copies.readRecord(physicalOffset)
  }

  minQueueOffset(topic: string, queueId: number): number {
    return this.queue(topic, queueId).minQueueOffset(this.log.segments.startOffset)
  }

  maxQueueOffset(topic: string, queueId: number): number {
    return this.tail(topic, queueId).nextQueueOffset
  }

  warm(ranges: readonly ColdRange[]): Promise<void> {
    return this.onWarm(ranges)
  }

  wantFlush(offset: number): void {
    if (offset <= this.#wantedFlushOffset) return
    this.#wantedFlushOffset = offset
    if (!this.isFlushStuck) setImmediate(() => this.flush())
  }

  wantReput(seenOffset: number): boolean {
    this.#isReputWanted = true
    return this.reputOffset <= seenOffset
  }

  /** Makes durable what is written, and tells so. */
  flush(): void {
    this.isFlushStuck = false
    this.stepped.flush()
    for (const listener of this.#listeners) listener.onFlushed(this.flushedOffset)
  }

  close(): void {
    this.stepped.kill()
  }

  #onWritten(offset: number, queues: readonly QueueTail[]): void {
    for (const listener of this.#listeners) listener.onWritten(offset, queues)
    setImmediate(() => this.#build())
  }

  #build(): void {
    this.stepped.reput()
    if (!this.#isReputWanted) return
    this.#isReputWanted = false
    for (const listener of this.#listeners) listener.onReput(this.reputOffset)
  }
}

/** The same files, whose mappings say that what is cold is not in memory. */
function withColdRegions(files: FileSystem, isCold: (start: number) => boolean): FileSystem {
  const map = (fd: number, lengthBytes: number): MappedRegion => {
    const region = files.map(fd, lengthBytes)
    const isResident = region.isResident.bind(region)
    region.isResident = (start, length) => !isCold(start) && isResident(start, length)
    return region
  }
  return new Proxy(files, {
    get: (target, name) => {
      if (name === 'map') return map
      const member: unknown = Reflect.get(target, name)
      return typeof member === 'function' ? member.bind(target) : member
    },
  })
}
