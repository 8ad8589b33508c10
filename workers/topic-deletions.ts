import { type Deferred, deferred } from '../engine/base/deferred.ts'
import type { QueueTail } from '../engine/log/queue-tail.ts'
import type { MessageStore } from '../engine/store/message-store.ts'

interface Deletion {
  readonly topic: string
  /** Where its queues ended when it was asked for. */
  readonly ends: ReadonlyMap<QueueTail, number>
}

/** Deletions of topics on their way through the reput thread, as the event loop knows them. */
export class TopicDeletions {
  readonly #store: MessageStore
  /** Both in the order in which they were asked for. */
  readonly #unkept: Deferred<void>[] = []
  readonly #undone: Deletion[] = []

  constructor(store: MessageStore) {
    this.#store = store
  }

  /** Whether somebody waits for the log to be flushed up to a deletion. */
  get areUnkept(): boolean {
    return this.#unkept.length > 0
  }

  /**
   * Resolves when the deletion is on the disk.
   * @param refusal why nothing more will come to the disk, if that is so
   */
  begin(topic: string, refusal: Error | undefined): Promise<void> {
    this.#store.loadTails(topic)
    this.#undone.push({ topic, ends: this.#store.tails.ends(topic) })
    const kept = deferred<void>()
    if (refusal === undefined) this.#unkept.push(kept)
    else kept.reject(refusal)
    return kept.promise
  }

  /** The oldest so many are on the disk. */
  kept(count: number): void {
    for (const kept of this.#unkept.splice(0, count)) kept.resolve()
  }

  /** The oldest one's queues are gone. Tails are handed out, so they are set back, not replaced. */
  done(): void {
    const deletion = this.#undone.shift()
    if (deletion === undefined) return
    this.#store.forgetTopic(deletion.topic)
    for (const [tail, end] of deletion.ends) {
      if (tail.nextQueueOffset === end) tail.nextQueueOffset = 0
    }
  }

  /** None that is on its way will be on the disk any more. */
  fail(reason: Error): void {
    for (const kept of this.#unkept.splice(0)) kept.reject(reason)
  }
}
