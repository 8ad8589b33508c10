/**
 * What was taken of sends and is not on the disk yet, with a sync flush: whether more may come. The
 * messages themselves lie in the log's files; what is bounded is how much of the log a slow disk
 * owes, and the records that wait to answer its senders (Java: the capacity of the send queue).
 */
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { SendAcks } from './send-acks.ts'

/** One connection may have this share of the bytes, so that others are served beside it. */
const CONNECTION_SHARE = 0.25

export interface SendBacklogParts {
  readonly store: Pick<ThreadedStore, 'config' | 'flushedOffset' | 'log' | 'wantFlush'>
  readonly config: Pick<BrokerConfig, 'sendBytesWaitingMax' | 'sendThreadPoolQueueCapacity'>
  readonly acks: Pick<SendAcks, 'flushWaiterCount' | 'flushWaitMs'>
}

export class SendBacklog {
  readonly #parts: SendBacklogParts
  readonly #isFlushSync: boolean
  /** As far as the flush was when it was last looked at: it may be further. */
  #flushedSeen: number

  constructor(parts: SendBacklogParts) {
    this.#parts = parts
    this.#isFlushSync = parts.store.config.flush === 'sync'
    this.#flushedSeen = parts.store.flushedOffset
  }

  /** Bytes of the log that are not on the disk. */
  get bytes(): number {
    return this.#parts.store.log.appendedOffset - this.#flushedSeen
  }

  /**
   * Whether a send of a connection with so many bytes under way has to wait. Nobody waits for
   * the disk without a sync flush: then what it owes is the page cache's to bound, as in Java.
   */
  isFull(connectionWaitingBytes: number): boolean {
    if (!this.#isFlushSync) return false
    const { store, config, acks } = this.#parts
    const { sendBytesWaitingMax: bytesMax } = config
    if (acks.flushWaiterCount >= config.sendThreadPoolQueueCapacity) return true
    if (connectionWaitingBytes > bytesMax * CONNECTION_SHARE) return true
    if (this.bytes <= bytesMax) return false
    this.#flushedSeen = store.flushedOffset
    return this.bytes > bytesMax
  }

  /** Makes sure of a word when the disk has caught up with what is written. */
  watch(): void {
    const { store } = this.#parts
    if (this.#isFlushSync) store.wantFlush(store.log.writtenOffset)
  }

  /** What a sender is told of it, with the numbers. */
  describe(nowMs: number): string {
    const { config, acks, store } = this.#parts
    this.#flushedSeen = store.flushedOffset
    return (
      `the disk is slow to flush: ${this.bytes} bytes wait for it, ` +
      `limit ${config.sendBytesWaitingMax} (sendBytesWaitingMax); ` +
      `${acks.flushWaiterCount} sends, limit ${config.sendThreadPoolQueueCapacity} ` +
      `(sendThreadPoolQueueCapacity); the oldest for ${acks.flushWaitMs(nowMs)}ms`
    )
  }
}
