import type { StoreListener } from '../../../workers/store-listener.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { settledBefore } from '../../remoting/settled-before.ts'

/** Longest time that a look-up waits for the index, in milliseconds: a disk may have no room for
 *  it. */
const WAIT_MS_MAX = 1_000

/** Waits until queues and index hold what was acknowledged: whoever looks a message up that was
 *  sent just before finds it. Java is behind by a millisecond, and looks without waiting. */
export class ReputWait implements StoreListener {
  readonly #store: ThreadedStore
  readonly #moves: (() => void)[] = []

  constructor(store: ThreadedStore) {
    this.#store = store
    store.listen(this)
  }

  /** Resolves when everything is built that is written now, or after a second. Never rejects. */
  async caughtUp(): Promise<void> {
    const { writtenOffset } = this.#store.log
    const deadlineMs = performance.now() + WAIT_MS_MAX
    while (this.#store.reputOffset < writtenOffset && performance.now() < deadlineMs) {
      if (!this.#store.wantReput(this.#store.reputOffset)) continue
      await settledBefore(deadlineMs, new Promise((resolve) => this.#moves.push(resolve)))
    }
  }

  onReput(): void {
    for (const resolve of this.#moves.splice(0)) resolve()
  }

  onWritten(): void {
    // What comes later is not waited for.
  }

  onTakenBack(): void {
    // It was not written when somebody began to wait.
  }

  onFlushed(): void {
    // Look-ups find what is not flushed yet.
  }

  onReady(): void {
    // Only senders wait for room.
  }

  onReadOnly(): void {
    // Building goes on, and if not, the wait ends by time.
  }
}
