import { type Deferred, deferred } from '../../engine/base/deferred.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'

/** Which queues are pulled no further for a while: some, or all. */
export class QueuePauses {
  #all: Deferred<void> | undefined
  readonly #queues = new Map<string, Deferred<void>>()

  pauseAll(): void {
    this.#all ??= deferred()
  }

  resumeAll(): void {
    this.#all?.resolve()
    this.#all = undefined
  }

  pause(queues: readonly MessageQueue[]): void {
    for (const queue of queues) {
      const key = queueKey(queue)
      if (!this.#queues.has(key)) this.#queues.set(key, deferred())
    }
  }

  resume(queues: readonly MessageQueue[]): void {
    for (const queue of queues) {
      this.#queues.get(queueKey(queue))?.resolve()
      this.#queues.delete(queueKey(queue))
    }
  }

  /** Resolves when nothing pauses `queue`. */
  async resumed(queue: MessageQueue): Promise<void> {
    for (;;) {
      const pause = this.#all ?? this.#queues.get(queueKey(queue))
      if (pause === undefined) return
      await pause.promise
    }
  }
}
