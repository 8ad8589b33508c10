/**
 * Shares the event loop between those who have messages to deliver and everybody else: in one turn
 * all sources together append a bounded stretch, which shares one write with whatever else comes.
 * Who has more goes on in the next turn, behind those who had to wait. With nothing due it costs
 * nothing.
 */
import { KIB } from '../../../engine/base/units.ts'
import type { RecordSource } from '../../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import type { StoreListener, ThreadedStore } from '../../../workers/threaded-store.ts'
import { DeliverOutcome, type DueSource } from './due-source.ts'

/** Share of one turn of the event loop: well under a millisecond, about 1.5 µs a message. */
const TURN_MESSAGES_MAX = 256
const TURN_BYTES_MAX = 512 * KIB

interface FlushWaiter {
  readonly untilOffset: number
  readonly resolve: (isFlushed: boolean) => void
}

export class DeliveryTurns implements StoreListener {
  readonly #store: ThreadedStore
  #due: DueSource[] = []
  readonly #notReady = new Set<DueSource>()
  readonly #unbuilt = new Set<DueSource>()
  /** Who appended what is not written yet. */
  readonly #touched = new Set<DueSource>()
  #flushWaiters: FlushWaiter[] = []
  #immediate: NodeJS.Immediate | undefined
  #messagesLeft = 0
  #bytesLeft = 0
  #isOver = false

  constructor(store: ThreadedStore) {
    this.#store = store
    store.listen(this)
  }

  /** Gives a source its share of the next turn. */
  due(source: DueSource): void {
    if (this.#isOver || this.#due.includes(source)) return
    this.#due.push(source)
    this.#immediate ??= setImmediate(() => this.#turn())
  }

  /** The turn's share is used up. */
  get isSpent(): boolean {
    return this.#messagesLeft <= 0 || this.#bytesLeft <= 0
  }

  /** Appends one message for a source, which hears when it is written. */
  append(source: DueSource, record: RecordSource, tail: QueueTail): AppendOutcome {
    const outcome = this.#store.append(record, tail)
    if (outcome !== AppendOutcome.APPENDED) return outcome
    this.#touched.add(source)
    this.#messagesLeft -= 1
    this.#bytesLeft -= this.#store.log.lastRecordBytes
    return outcome
  }

  /** Takes a part of the turn's share for work that appends nothing. */
  spend(): void {
    this.#messagesLeft -= 1
  }

  /**
   * Resolves once all that is written now is on the disk itself; with false when it never will be.
   */
  flushed(): Promise<boolean> {
    const untilOffset = this.#store.log.writtenOffset
    if (this.#store.flushedOffset >= untilOffset) return Promise.resolve(true)
    if (!this.#store.isFlushing) return Promise.resolve(false)
    return new Promise((resolve) => {
      this.#flushWaiters.push({ untilOffset, resolve })
      this.#store.wantFlush(untilOffset)
    })
  }

  /** Nothing is delivered any more. Resolves when what was appended is written. */
  async close(): Promise<void> {
    this.#isOver = true
    clearImmediate(this.#immediate)
    while (this.#touched.size > 0 && this.#store.log.refusal === undefined) {
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  onWritten(): void {
    for (const source of this.#touched) source.onWritten()
    this.#touched.clear()
  }

  onTakenBack(): void {
    for (const source of this.#touched) source.onTakenBack()
    this.#touched.clear()
  }

  onFlushed(flushedOffset: number): void {
    this.#endFlushWaiters((waiter) => waiter.untilOffset <= flushedOffset, true)
  }

  onReput(): void {
    this.#release(this.#unbuilt)
  }

  onReady(): void {
    this.#release(this.#notReady)
  }

  onReadOnly(): void {
    this.#isOver = true
    this.#endFlushWaiters(() => true, false)
  }

  #turn(): void {
    this.#immediate = undefined
    this.#messagesLeft = TURN_MESSAGES_MAX
    this.#bytesLeft = TURN_BYTES_MAX
    const sources = this.#due
    this.#due = []
    const goOn: DueSource[] = []
    for (const source of sources) {
      if (this.isSpent) this.due(source)
      else if (this.#serve(source) === DeliverOutcome.MORE) goOn.push(source)
    }
    for (const source of goOn) this.due(source)
  }

  #serve(source: DueSource): DeliverOutcome {
    const { reputOffset } = this.#store
    const outcome = source.deliver(this)
    if (outcome === DeliverOutcome.NOT_READY) this.#notReady.add(source)
    if (outcome === DeliverOutcome.UNBUILT) {
      this.#unbuilt.add(source)
      // First the request to be told, then a look: what is built in between is never missed.
      if (!this.#store.wantReput(reputOffset)) this.#release(this.#unbuilt)
    }
    return outcome
  }

  #release(waiting: Set<DueSource>): void {
    const released = [...waiting]
    waiting.clear()
    for (const source of released) this.due(source)
  }

  #endFlushWaiters(isOver: (waiter: FlushWaiter) => boolean, isFlushed: boolean): void {
    if (this.#flushWaiters.length === 0) return
    const waiters = this.#flushWaiters
    this.#flushWaiters = waiters.filter((waiter) => !isOver(waiter))
    for (const waiter of waiters) if (isOver(waiter)) waiter.resolve(isFlushed)
  }
}
