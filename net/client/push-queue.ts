import type { Consumption } from './consumption.ts'
import type { MessageQueue } from './message-queue.ts'
import { ProcessQueue, type QueueLimits } from './process-queue.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { PullSink } from './queue-puller.ts'

/** What a {@link PushQueue} works with. */
export interface PushQueueOptions {
  readonly queue: MessageQueue
  readonly startOffset: number
  readonly limits: QueueLimits
  /** How many messages one call of the listener gets at most. */
  readonly batchSizeMax: number
  readonly consumption: Consumption
  /** Everything before this offset is consumed. */
  readonly onProgress: (offset: number) => void
}

/** A queue whose messages go to a listener. */
export class PushQueue implements PullSink {
  readonly #options: PushQueueOptions
  #processQueue: ProcessQueue

  constructor(options: PushQueueOptions) {
    this.#options = options
    this.#processQueue = new ProcessQueue(options.startOffset, options.limits)
  }

  room(): Promise<void> {
    return this.#processQueue.room()
  }

  accept(messages: readonly PulledMessage[], nextOffset: number): void {
    const { batchSizeMax, consumption, onProgress, queue } = this.#options
    const processQueue = this.#processQueue
    processQueue.put(
      messages.map(({ message }) => message),
      nextOffset,
    )
    const onDone = (): void => onProgress(processQueue.committable)
    onDone()
    for (let at = 0; at < messages.length; at += batchSizeMax) {
      const batch = messages.slice(at, at + batchSizeMax)
      consumption.submit({ queue, processQueue, messages: batch, onDone })
    }
  }

  moved(nextOffset: number): void {
    const { limits, onProgress } = this.#options
    this.#processQueue.drop()
    this.#processQueue = new ProcessQueue(nextOffset, limits)
    onProgress(nextOffset)
  }

  close(): void {
    this.#processQueue.drop()
  }
}
