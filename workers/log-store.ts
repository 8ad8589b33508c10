import { assert } from '../engine/base/assert.ts'
import { type Deferred, deferred } from '../engine/base/deferred.ts'
import { StoreError } from '../engine/base/errors.ts'
import { Lifecycle } from '../engine/base/lifecycle.ts'
import { indexKeyHash } from '../engine/format/index-format.ts'
import { PropertyName } from '../engine/format/message-const.ts'
import { decodeMessage, messagesIn, type StoredMessage } from '../engine/format/stored-message.ts'
import { AppendOutcome } from '../engine/log/append-outcome.ts'
import type { CommitLog } from '../engine/log/commit-log.ts'
import { type OffsetWaiter, WaiterRing } from '../engine/log/waiter-ring.ts'
import type { GetStatus } from '../engine/store/get-status.ts'
import { illegal, KEY_SEPARATOR, type LogMessage, MessageSource } from './log-message.ts'
import {
  type ReadResult,
  type StoreListener,
  ThreadedStore,
  type ThreadedStoreOptions,
} from './threaded-store.ts'

/** Where a message stands. */
export interface AppendResult {
  /** Place in its queue, counted from 0. */
  readonly queueOffset: number
  /** Place in the log, in bytes. */
  readonly physicalOffset: number
}

/** What {@link LogStore.read} found. */
export interface LogRead {
  readonly status: GetStatus
  /** Queue offset to go on with. */
  readonly nextOffset: number
  readonly minOffset: number
  readonly maxOffset: number
  readonly messages: readonly StoredMessage[]
}

/** An append that waits for the next segment, in the order of the calls. */
interface HeldAppend {
  readonly message: LogMessage
  readonly resolve: (result: Promise<AppendResult>) => void
  readonly reject: (error: unknown) => void
}

/** The appends that one write covers: they are done, or taken back, together. */
interface TurnWaiter extends OffsetWaiter {
  done: Deferred<void>
}

const READ_COUNT_DEFAULT = 32
const QUERY_COUNT_DEFAULT = 32

/**
 * The storage engine as a library: an append-only log with queues and a key index, in RocketMQ's
 * formats, without any socket. One process at a time may hold a directory.
 */
export class LogStore extends Lifecycle {
  readonly #store: ThreadedStore
  readonly #log: CommitLog
  readonly #source = new MessageSource()
  readonly #waiters = new WaiterRing<TurnWaiter>(() => ({ untilOffset: 0, done: deferred() }))
  /** Waits for what is appended and not written yet; among `#waiters`. */
  #turn: TurnWaiter | undefined
  readonly #held: HeldAppend[] = []
  readonly #readers: (() => void)[] = []
  readonly #flushes: { target: number; resolve: () => void; reject: (error: Error) => void }[] = []

  /** See {@link openStore}. */
  static async open(directory: string, options: ThreadedStoreOptions = {}): Promise<LogStore> {
    return new LogStore(await ThreadedStore.open(directory, options))
  }

  private constructor(store: ThreadedStore) {
    super()
    this.#store = store
    this.#log = store.log
    store.listen(this.#listener())
    this.markOpen()
  }

  /** Physical offset behind the last record that is written. */
  get writtenOffset(): number {
    return this.#log.writtenOffset
  }

  /** Physical offset up to which the log is on the disk. */
  get flushedOffset(): number {
    return this.#store.flushedOffset
  }

  /**
   * Appends one message. Resolves when it is written, or in `sync` mode when it is on the disk.
   * Calls in one turn of the event loop share one write and one flush, and a queue's messages get
   * their offsets in the order of the calls.
   * @throws {StoreError} `STORE_MESSAGE_ILLEGAL`, `STORE_READ_ONLY`, `STORE_SPACE_SHORT`,
   * `STORE_DISK_FULL`, `STORE_CLOSED`
   * @throws {TypeError} for a property that holds a reserved character.
   */
  append(message: LogMessage): Promise<AppendResult> {
    try {
      const result = this.#take(message)
      return result === undefined ? this.#hold(message) : this.#whenDone(result)
    } catch (error) {
      return rejected(error)
    }
  }

  /**
   * Appends messages in order; resolves when all are done, with a result for each. Takes one
   * promise where {@link append} takes one a message. Rejects like {@link append} when one is
   * refused; others of the batch may be appended then.
   */
  appendBatch(messages: readonly LogMessage[]): Promise<AppendResult[]> {
    const results: AppendResult[] = []
    try {
      for (const message of messages) {
        const result = this.#take(message)
        if (result === undefined) return this.#appendRest(results, messages)
        results.push(result)
      }
    } catch (error) {
      return rejected(error)
    }
    return results.length === 0 ? Promise.resolve(results) : this.#whenDone(results)
  }

  /**
   * Reads up to `countMax` messages of a queue from an offset on; sees everything that was appended
   * before. Bodies are the caller's own.
   */
  async read(
    topic: string,
    queueId: number,
    offset: number,
    countMax: number = READ_COUNT_DEFAULT,
  ): Promise<LogRead> {
    this.#checkOpen()
    const request = { queueOffset: offset, messageCountMax: countMax }
    const log = this.#log
    const appendedBefore = log.appendedOffset
    for (;;) {
      const seenReputOffset = this.#store.reputOffset
      const found = await this.#store.read(topic, queueId, request)
      // A turn that is taken back is owed no more.
      const owedOffset = Math.min(appendedBefore, log.appendedOffset)
      const isWhole = seenReputOffset >= owedOffset || isFilled(found, countMax)
      const isLast = this.status !== 'open' || (found.messageCount > 0 && !this.#store.isBuilding)
      if (isWhole || isLast) return logRead(found)
      await this.#whenBuilt(seenReputOffset)
    }
  }

  /**
   * Iterates a queue from an offset on, and waits at its end for more. Ends when the store closes.
   * @throws {StoreError} why the store is read-only, once all that is there was handed out.
   */
  async *messages(topic: string, queueId: number, fromOffset = 0): AsyncGenerator<StoredMessage> {
    let offset = fromOffset
    while (this.status === 'open') {
      const seenReputOffset = this.#store.reputOffset
      const found = await this.read(topic, queueId, offset)
      yield* found.messages
      // A read from before the oldest message finds nothing but where to go on.
      const isAtEnd = found.messages.length === 0 && found.nextOffset <= offset
      offset = found.nextOffset
      if (isAtEnd) await this.#whenBuilt(seenReputOffset)
    }
  }

  /**
   * Messages of a topic that carry a key, oldest first; sees everything that was appended before.
   */
  async query(
    topic: string,
    key: string,
    {
      fromMs = 0,
      toMs = Number.MAX_SAFE_INTEGER,
      countMax = QUERY_COUNT_DEFAULT,
    }: { fromMs?: number; toMs?: number; countMax?: number } = {},
  ): Promise<StoredMessage[]> {
    this.#checkOpen()
    await this.#whenBuiltUpTo(this.#log.writtenOffset)
    const matches = await this.#store.queries.findByKey({
      keyHash: indexKeyHash(topic, key),
      beginTimestampMs: fromMs,
      endTimestampMs: toMs,
      countMax,
    })
    const messages: StoredMessage[] = []
    for (const offset of matches.physicalOffsets.reverse()) {
      const record = await this.#store.readRecord(offset)
      if (record === undefined) continue
      const message = decodeMessage(record)
      if (message.topic === topic && hasKey(message, key)) messages.push(message)
    }
    return messages
  }

  /** Resolves when everything that was appended before is on the disk. */
  async flush(): Promise<void> {
    const target = this.#log.appendedOffset
    if (this.#store.flushedOffset >= target) return
    const { refusal } = this.#log
    if (refusal !== undefined && !this.#store.isFlushing) throw refusal
    const flushed = new Promise<void>((resolve, reject) => {
      this.#flushes.push({ target, resolve, reject })
    })
    if (this.#log.writtenOffset >= target) this.#store.wantFlush(target)
    await flushed
  }

  #listener(): StoreListener {
    return {
      onWritten: (offset) => this.#onWritten(offset),
      onFlushed: (offset) => this.#onFlushed(offset),
      onTakenBack: (offset, error) => this.#onTakenBack(offset, error),
      onReput: () => this.#onReput(),
      onReady: () => this.#onReady(),
      onReadOnly: (error) => this.#onReadOnly(error),
    }
  }

  #onWritten(writtenOffset: number): void {
    this.#turn = undefined
    if (this.#store.config.flush === 'async') this.#release(writtenOffset)
    const isFlushWanted = this.#store.config.flush === 'sync' && this.#waiters.count > 0
    if (isFlushWanted || this.#flushes.length > 0) this.#store.wantFlush(writtenOffset)
  }

  #onFlushed(flushedOffset: number): void {
    if (this.#store.config.flush === 'sync') this.#release(flushedOffset)
    const done = this.#flushes.filter(({ target }) => target <= flushedOffset)
    for (const flush of done) {
      this.#flushes.splice(this.#flushes.indexOf(flush), 1)
      flush.resolve()
    }
  }

  #onTakenBack(fromOffset: number, error: StoreError): void {
    this.#failAppends(fromOffset, error)
    this.#failFlushes(fromOffset, error)
    // Readers may wait for what is gone.
    this.#onReput()
  }

  #onReput(): void {
    for (const resolve of this.#readers.splice(0)) resolve()
  }

  #onReady(): void {
    for (;;) {
      // Taken out first: a write that fails in here makes everyone else's turn come at once.
      const held = this.#held.shift()
      if (held === undefined) return
      if (!this.#appendHeld(held)) {
        this.#held.unshift(held)
        return
      }
    }
  }

  /** False when it has to wait on. */
  #appendHeld({ message, resolve, reject }: HeldAppend): boolean {
    try {
      const outcome = this.#put(message)
      if (outcome === AppendOutcome.NOT_READY) return false
      if (outcome === AppendOutcome.APPENDED) resolve(this.#whenDone(this.#lastResult()))
      else reject(this.#errorOf(outcome))
    } catch (error) {
      reject(error)
    }
    return true
  }

  #onReadOnly(error: StoreError): void {
    const { flushedOffset } = this.#store
    this.#failAppends(flushedOffset, error)
    this.#failFlushes(flushedOffset, error)
    this.#onReady()
    this.#onReput()
  }

  protected override async drain(): Promise<void> {
    const closed = new StoreError('STORE_CLOSED', 'the store is closed')
    for (const { reject } of this.#held.splice(0)) reject(closed)
    this.#onReput()
    await this.#store.close()
    this.#failAll(closed)
  }

  protected override async abort(reason: Error): Promise<void> {
    const error = new StoreError('STORE_CLOSED', 'the store was destroyed', { cause: reason })
    for (const { reject } of this.#held.splice(0)) reject(error)
    this.#onReput()
    await this.#store.destroy(reason)
    this.#failAll(error)
  }

  /** Nobody is left waiting for a store that is gone. */
  #failAll(error: StoreError): void {
    this.#failAppends(-1, error)
    this.#failFlushes(-1, error)
  }

  #failAppends(fromOffset: number, error: StoreError): void {
    this.#turn = undefined
    this.#waiters.releaseBeyond(fromOffset, ({ done }) => done.reject(error))
  }

  #failFlushes(fromOffset: number, error: StoreError): void {
    const failed = this.#flushes.filter(({ target }) => target > fromOffset)
    for (const flush of failed) {
      this.#flushes.splice(this.#flushes.indexOf(flush), 1)
      flush.reject(error)
    }
  }

  #checkOpen(): void {
    if (this.status !== 'open') throw new StoreError('STORE_CLOSED', 'the store is closed')
  }

  /**
   * Appends a message, unless it has to wait for the next segment: then undefined.
   * @throws {StoreError} why it is refused.
   */
  #take(message: LogMessage): AppendResult | undefined {
    this.#source.check(message)
    // Nobody overtakes an append that waits for the next segment.
    const outcome = this.#held.length === 0 ? this.#put(message) : AppendOutcome.NOT_READY
    if (outcome === AppendOutcome.APPENDED) return this.#lastResult()
    if (outcome === AppendOutcome.NOT_READY) return undefined
    throw this.#errorOf(outcome)
  }

  #put(message: LogMessage): AppendOutcome {
    // The clock is read once a turn, as for the time of storing.
    if (this.#turn === undefined) this.#source.bornTimestampMs = Date.now()
    const source = this.#source.fill(message)
    const outcome = this.#store.append(source, this.#store.tail(message.topic, source.queueId))
    if (outcome === AppendOutcome.APPENDED) this.#joinTurn()
    return outcome
  }

  /** Right after an append. */
  #lastResult(): AppendResult {
    const { lastQueueOffset, lastPhysicalOffset } = this.#log
    return { queueOffset: lastQueueOffset, physicalOffset: lastPhysicalOffset }
  }

  /** Right after an append. */
  #joinTurn(): void {
    const { appendedOffset } = this.#log
    if (this.#turn === undefined) {
      this.#turn = this.#waiters.add(appendedOffset)
      this.#turn.done = deferred()
      // Taken back in the midst of a batch, which is refused for that: nobody waits for the turn.
      this.#turn.done.promise.catch(() => undefined)
    }
    this.#turn.untilOffset = appendedOffset
  }

  /** Right after an append: resolves with `result` when it counts as done. */
  #whenDone<T>(result: T): Promise<T> {
    assert(this.#turn !== undefined, 'an append belongs to a turn')
    return this.#turn.done.promise.then(() => result)
  }

  #hold(message: LogMessage): Promise<AppendResult> {
    return new Promise((resolve, reject) => {
      const held = { ...message, body: Uint8Array.from(message.body) }
      this.#held.push({ message: held, resolve, reject })
    })
  }

  /** Of a batch that goes on in the next segment. */
  async #appendRest(
    appended: readonly AppendResult[],
    messages: readonly LogMessage[],
  ): Promise<AppendResult[]> {
    const first = appended.length === 0 ? appended : this.#whenDone(appended)
    const rest = messages.slice(appended.length).map((message) => this.append(message))
    const results = await Promise.all([first, Promise.all(rest)])
    return results.flat()
  }

  async #whenBuilt(seenReputOffset: number): Promise<void> {
    if (this.status !== 'open') return
    this.#checkProgress()
    if (!this.#store.wantReput(seenReputOffset)) return
    await new Promise<void>((resolve) => this.#readers.push(resolve))
  }

  /** Waiting makes sense while something can still come. */
  #checkProgress(): void {
    const { log, reputOffset, isBuilding } = this.#store
    if (log.refusal === undefined) return
    if (!isBuilding || reputOffset >= log.writtenOffset) throw log.refusal
  }

  async #whenBuiltUpTo(offset: number): Promise<void> {
    while (this.#store.reputOffset < offset && this.status === 'open') {
      await this.#whenBuilt(this.#store.reputOffset)
    }
  }

  #release(offset: number): void {
    this.#waiters.releaseUpTo(offset, ({ done }) => done.resolve())
  }

  #errorOf(outcome: AppendOutcome): StoreError {
    switch (outcome) {
      case AppendOutcome.MESSAGE_TOO_LARGE:
        return illegal(`the body is longer than ${this.#store.config.messageBytesMax} bytes`)
      case AppendOutcome.SEGMENT_TOO_SMALL:
        return illegal(`it does not fit into a segment of ${this.#log.segments.segmentBytes} bytes`)
      case AppendOutcome.PROPERTIES_TOO_LONG:
        return illegal('the properties are longer than 32767 bytes')
      default: {
        const cause = this.#log.obstacle
        return cause ?? new StoreError('STORE_READ_ONLY', 'the store cannot be written')
      }
    }
  }
}

/**
 * Opens the store in a directory, which is made when it is missing.
 * @throws {StoreError} `STORE_LOCKED`, `STORE_OPTION_INVALID`, `STORE_DIRECTORY_UNUSABLE`,
 * `STORE_DISK_FULL`, `STORE_FILE_INVALID`, `STORE_MAPPING_INCOHERENT`, `STORE_IO_FAILED`
 */
export function openStore(
  directory: string,
  options: ThreadedStoreOptions = {},
): Promise<LogStore> {
  return LogStore.open(directory, options)
}

/** Whether waiting for units that reput still owes would add nothing. */
function isFilled(found: ReadResult, countMax: number): boolean {
  return found.messageCount >= countMax || found.nextBeginOffset >= found.maxOffset
}

function logRead(found: ReadResult): LogRead {
  return {
    status: found.status,
    nextOffset: found.nextBeginOffset,
    minOffset: found.minOffset,
    maxOffset: found.maxOffset,
    messages: [...messagesIn(found.records, { checkCrc: true })],
  }
}

function rejected(error: unknown): Promise<never> {
  assert(error instanceof Error, 'only errors are thrown')
  return Promise.reject(error)
}

function hasKey(message: StoredMessage, key: string): boolean {
  if (message.properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX) === key) return true
  return message.properties.get(PropertyName.KEYS)?.split(KEY_SEPARATOR).includes(key) ?? false
}
