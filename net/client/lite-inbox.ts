import type { LiteQueue } from './lite-queue.ts'

/**
 * What was pulled of all queues and not handed out yet. A queue stands in line once for each pull
 * that brought something, so that none is left waiting by a fuller one.
 */
export class LiteInbox {
  readonly #countMax: number
  readonly #line: LiteQueue[] = []
  #count = 0
  #isClosed = false
  readonly #pollers = new Set<() => void>()
  /** Queues that wait until there is room for more. */
  readonly #blocked = new Set<LiteQueue>()

  constructor(countMax: number) {
    this.#countMax = countMax
  }

  get hasRoom(): boolean {
    return this.#count < this.#countMax
  }

  /** A pull has brought `count` messages for `queue`. */
  added(queue: LiteQueue, count: number): void {
    this.#count += count
    this.#line.push(queue)
    this.#wakePollers()
  }

  /** `count` messages were handed out or dropped. */
  removed(count: number): void {
    this.#count -= count
    for (const queue of this.#blocked) queue.checkRoom()
  }

  block(queue: LiteQueue): void {
    this.#blocked.add(queue)
  }

  unblock(queue: LiteQueue): void {
    this.#blocked.delete(queue)
  }

  /** The queue whose turn it is; undefined when nothing is ready. */
  next(): LiteQueue | undefined {
    // Queues that were taken away leave the line when it is their turn.
    while (this.#line[0]?.hasReady === false) this.#line.shift()
    return this.#line[0]
  }

  /** What the first pull in line brought is handed out. */
  endTurn(): void {
    this.#line.shift()
  }

  /** Resolves when something may have become ready, after `timeoutMs`, or when this is closed. */
  wait(timeoutMs: number): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#pollers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, timeoutMs)
      this.#pollers.add(wake)
    })
  }

  /** Lets everyone go who waits. */
  close(): void {
    this.#isClosed = true
    this.#wakePollers()
  }

  #wakePollers(): void {
    for (const wake of this.#pollers) wake()
  }
}
