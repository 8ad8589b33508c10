import type { ConsumeSource, Consumption } from './consumption.ts'
import type { MessageQueue } from './message-queue.ts'
import { ProcessQueue, type QueueLimits } from './process-queue.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { PullSink } from './queue-puller.ts'
import type { CachedMessages } from './running-info.ts'

/** What a {@link PushQueue} works with. */
export interface PushQueueOptions {
  readonly queue: MessageQueue
  readonly startOffset: number
  readonly limits: () => QueueLimits
  readonly consumption: Consumption
  /** Everything before this offset is consumed. */
  readonly onProgress: (offset: number) => void
}

/** A queue whose messages go to a listener. */
export class PushQueue implements PullSink {
  readonly #options: PushQueueOptions
  #source: ConsumeSource

  constructor(options: PushQueueOptions) {
    this.#options = options
    this.#source = this.#sourceFrom(options.startOffset)
    // Whoever stops before the first message must not begin elsewhere then.
    this.#source.onDone()
  }

  room(): Promise<void> {
    return this.#source.processQueue.room()
  }

  accept(messages: readonly PulledMessage[], nextOffset: number): void {
    const { processQueue, onDone } = this.#source
    processQueue.put(messages, nextOffset)
    onDone()
    this.#options.consumption.add(this.#source, messages)
  }

  moved(nextOffset: number): void {
    this.close()
    this.#source = this.#sourceFrom(nextOffset)
    this.#options.onProgress(nextOffset)
  }

  get cached(): CachedMessages {
    return this.#source.processQueue.cached
  }

  finish(): Promise<void> | undefined {
    return this.#options.consumption.finish(this.#source)
  }

  close(): void {
    this.#source.processQueue.drop()
    void this.#options.consumption.finish(this.#source)
  }

  #sourceFrom(startOffset: number): ConsumeSource {
    const { limits, onProgress, queue } = this.#options
    const processQueue = new ProcessQueue(startOffset, limits)
    return { queue, processQueue, onDone: () => onProgress(processQueue.committable) }
  }
}
