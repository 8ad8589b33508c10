import { setTimeout as sleep } from 'node:timers/promises'
import { AgenaError, describeError } from '../../engine/base/errors.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import type { LimitedLogger } from '../remoting/limited-logger.ts'
import { ClientError } from './client-error.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import type { PullResult } from './pull-client.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { CachedMessages } from './running-info.ts'

/** Where the messages of one queue go to. */
export interface PullSink {
  /** Resolves when more may be pulled, or when this is closed. */
  room(): Promise<void>
  /** Takes what was pulled; the next pull begins at `nextOffset`. */
  accept(messages: readonly PulledMessage[], nextOffset: number): void
  /** The queue does not hold the offset asked for; the next pull begins at `nextOffset`. */
  moved(nextOffset: number): void
  /** What was taken and is not done with. */
  readonly cached: CachedMessages
  /** Begins nothing more. Resolves when what was begun counts; undefined when nobody must wait. */
  finish(): Promise<void> | undefined
  /** The queue is somebody else's now: nothing of it counts any more. */
  close(): void
}

/** What a {@link QueuePuller} works with. */
export interface QueuePullerOptions {
  readonly queue: MessageQueue
  readonly startOffset: number
  readonly sink: PullSink
  readonly log: LimitedLogger
  readonly pull: (offset: number) => Promise<PullResult>
  readonly decode: (body: Buffer) => Promise<readonly PulledMessage[]>
  /** A pull has brought `count` messages after `ms` milliseconds. */
  readonly onPulled: (count: number, ms: number) => void
  /** Resolves when the queue is not paused. */
  readonly resumed: () => Promise<void>
  /** The broker does not know the subscription that a pull relies on. */
  readonly onUnknown: () => Promise<void>
}

/** The first and the longest pause after a failed pull, in milliseconds. */
const PAUSE_MS_MIN = 50
const PAUSE_MS_MAX = 500
/** The pause when the broker asks for patience
 *  (Java: PULL_TIME_DELAY_MILLS_WHEN_BROKER_FLOW_CONTROL). */
const FLOW_CONTROL_PAUSE_MS = 20

/** Answers that mean that a heartbeat is missing at the broker. */
const UNKNOWN_CODES: ReadonlySet<number> = new Set([
  ResponseCode.SUBSCRIPTION_NOT_EXIST,
  ResponseCode.SUBSCRIPTION_NOT_LATEST,
  ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
])

/** Pulls one queue, one request after the other, until it is stopped. */
export class QueuePuller {
  readonly #options: QueuePullerOptions
  readonly #stopping = new AbortController()
  #failureCount = 0
  #lastPullAtMs = Date.now()

  constructor(options: QueuePullerOptions) {
    this.#options = options
    void this.#run()
  }

  get queue(): MessageQueue {
    return this.#options.queue
  }

  /** When the last pull began, in ms since 1970. */
  get lastPullAtMs(): number {
    return this.#lastPullAtMs
  }

  get sink(): PullSink {
    return this.#options.sink
  }

  /** Pulls no more; what a pull in progress brings is thrown away. */
  stop(): void {
    this.#stopping.abort()
  }

  /** Pulls no more, and begins with no more of what was pulled; see {@link PullSink.finish}. */
  finish(): Promise<void> | undefined {
    this.stop()
    return this.#options.sink.finish()
  }

  /** Pulls no more, and what was pulled does not count any more. */
  close(): void {
    this.stop()
    this.#options.sink.close()
  }

  /** Never rejects: whatever goes wrong is tried again after a pause. */
  async #run(): Promise<void> {
    const { resumed, startOffset, sink } = this.#options
    let offset = startOffset
    while (!this.#stopping.signal.aborted) {
      await resumed()
      await sink.room()
      if (this.#stopping.signal.aborted) return
      try {
        offset = await this.#step(offset)
        this.#failureCount = 0
      } catch (error) {
        if (this.#stopping.signal.aborted) return
        await this.#afterFailure(error)
      }
    }
  }

  /** Pulls once and returns where to go on. */
  async #step(offset: number): Promise<number> {
    const { decode, log, onPulled, pull, queue, sink } = this.#options
    this.#lastPullAtMs = Date.now()
    const startedMs = performance.now()
    const { status, nextOffset, body } = await pull(offset)
    const found = status === 'FOUND' ? await decode(body) : []
    // What was asked for, whatever the broker sent.
    const messages = found.filter(({ queueOffset }) => queueOffset >= offset)
    if (this.#stopping.signal.aborted) return nextOffset
    if (status === 'FOUND') onPulled(found.length, performance.now() - startedMs)
    if (status === 'OFFSET_ILLEGAL') {
      log.warn(status, `${queueKey(queue)} has no offset ${offset}, goes on at ${nextOffset}`)
      sink.moved(nextOffset)
    } else {
      sink.accept(messages, nextOffset)
    }
    return nextOffset
  }

  async #afterFailure(error: unknown): Promise<void> {
    const { log, onUnknown, queue } = this.#options
    const responseCode = error instanceof ClientError ? error.responseCode : undefined
    if (responseCode === ResponseCode.FLOW_CONTROL) return this.#pause(FLOW_CONTROL_PAUSE_MS)
    const kind = error instanceof AgenaError ? error.code : 'other'
    log.warn(kind, `pull of ${queueKey(queue)} failed: ${describeError(error)}`)
    if (responseCode !== undefined && UNKNOWN_CODES.has(responseCode)) await onUnknown()
    const pauseMs = Math.min(PAUSE_MS_MIN * 2 ** this.#failureCount, PAUSE_MS_MAX)
    this.#failureCount += 1
    return this.#pause(pauseMs)
  }

  async #pause(pauseMs: number): Promise<void> {
    const { signal } = this.#stopping
    try {
      await sleep(pauseMs, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }
}
