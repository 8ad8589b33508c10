/**
 * Puts messages that the broker makes itself into the log, one promise each: for what is not the
 * hot path of sends.
 */
import type { StoreError } from '../../engine/base/errors.ts'
import type { RecordSource } from '../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../engine/log/append-outcome.ts'
import type { QueueTail } from '../../engine/log/queue-tail.ts'
import type { StoreListener, ThreadedStore } from '../../workers/threaded-store.ts'
import { outcomeError } from './send/send-failure.ts'

interface Waiter {
  /** Physical offset behind the message. */
  readonly endOffset: number
  readonly resolve: () => void
  readonly reject: (error: StoreError) => void
}

/** Where a message lies that was written. */
export interface WrittenMessage {
  readonly physicalOffset: number
  readonly queueOffset: number
  /** Size of its record. */
  readonly bytes: number
}

export class MessageWriter implements StoreListener {
  readonly #store: ThreadedStore
  /** By offset. */
  #waiters: Waiter[] = []
  readonly #held: (() => void)[] = []

  constructor(store: ThreadedStore) {
    this.#store = store
    store.listen(this)
  }

  /**
   * Appends a message; resolves when it is written, with where it lies.
   * @param place fills `source` and says which queue it goes to; called again when the log had no
   *   room in between, since what others lent may be theirs again
   * @throws {StoreError} when the log takes nothing, or the write failed
   * @throws {BrokerError} MESSAGE_ILLEGAL for a message over the limits
   */
  async put(source: RecordSource, place: () => QueueTail): Promise<WrittenMessage> {
    const { log } = this.#store
    for (;;) {
      const outcome = this.#store.append(source, place())
      if (outcome === AppendOutcome.APPENDED) break
      if (outcome !== AppendOutcome.NOT_READY) throw outcomeError(outcome, this.#store)
      await new Promise<void>((resolve) => this.#held.push(resolve))
    }
    const endOffset = log.appendedOffset
    const { lastPhysicalOffset, lastQueueOffset, lastRecordBytes } = log
    await new Promise<void>((resolve, reject) => {
      this.#waiters.push({ endOffset, resolve, reject })
    })
    return {
      physicalOffset: lastPhysicalOffset,
      queueOffset: lastQueueOffset,
      bytes: lastRecordBytes,
    }
  }

  onWritten(writtenOffset: number): void {
    if (this.#waiters.length === 0) return
    for (const waiter of this.#take((end) => end <= writtenOffset)) waiter.resolve()
  }

  onTakenBack(fromOffset: number, error: StoreError): void {
    for (const waiter of this.#take((end) => end > fromOffset)) waiter.reject(error)
  }

  onFlushed(): void {
    // Written is enough: as in Java, these messages wait for no flush (`WAIT` is false).
  }

  onReput(): void {
    // Only readers wait for it.
  }

  onReady(): void {
    for (const resolve of this.#held.splice(0)) resolve()
  }

  onReadOnly(): void {
    this.onReady()
  }

  #take(isOver: (endOffset: number) => boolean): Waiter[] {
    const over = this.#waiters.filter(({ endOffset }) => isOver(endOffset))
    this.#waiters = this.#waiters.filter(({ endOffset }) => !isOver(endOffset))
    return over
  }
}
