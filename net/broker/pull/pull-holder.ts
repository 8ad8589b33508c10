/**
 * Long polling: pulls that found nothing wait here until a message is written to their queue, or
 * until their time is up (PullRequestHoldService). None misses a message: whoever waits for what is
 * written already, and no longer among its queue's newest, asks to be told when reput has built it,
 * and looks at the reput offset again, see {@link PullHandler}.
 */
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { Pull } from './pull-request.ts'

const SWEEP_MS = 100

interface ParkedQueue {
  readonly tail: QueueTail
  readonly pulls: Set<Pull>
}

export class PullHolder {
  readonly #queues = new Map<QueueTail, ParkedQueue>()
  readonly #byConnection = new Map<Connection, Map<Pull, ParkedQueue>>()
  readonly #onDue: (pull: Pull) => void
  #count = 0
  #timer: NodeJS.Timeout | undefined

  /** @param onDue answers a pull whose time is up; it is no longer parked then. */
  constructor(onDue: (pull: Pull) => void) {
    this.#onDue = onDue
  }

  /** How many pulls wait. */
  get count(): number {
    return this.#count
  }

  park(pull: Pull, tail: QueueTail): void {
    let queue = this.#queues.get(tail)
    if (queue === undefined) {
      queue = { tail, pulls: new Set() }
      this.#queues.set(tail, queue)
    }
    queue.pulls.add(pull)
    let parked = this.#byConnection.get(pull.connection)
    if (parked === undefined) {
      parked = new Map()
      this.#byConnection.set(pull.connection, parked)
    }
    parked.set(pull, queue)
    this.#count += 1
    this.#timer ??= setInterval(() => this.#sweep(), SWEEP_MS).unref()
  }

  /** Takes one pull out, if it is parked. */
  unpark(pull: Pull): void {
    const parked = this.#byConnection.get(pull.connection)
    const queue = parked?.get(pull)
    if (parked === undefined || queue === undefined) return
    parked.delete(pull)
    if (parked.size === 0) this.#byConnection.delete(pull.connection)
    queue.pulls.delete(pull)
    if (queue.pulls.size === 0) this.#queues.delete(queue.tail)
    this.#count -= 1
    if (this.#count === 0) this.close()
  }

  /**
   * Takes out every pull whose queue has grown beyond what it asked for; or shrunk, since its topic
   * was deleted and made anew: who waits there would wait for messages long behind the next ones.
   */
  takeArrived(): Pull[] {
    const arrived: Pull[] = []
    for (const queue of this.#queues.values()) collectArrived(queue, arrived)
    for (const pull of arrived) this.unpark(pull)
    return arrived
  }

  /** As {@link takeArrived}, of one queue. */
  takeArrivedAt(tail: QueueTail): Pull[] {
    const arrived: Pull[] = []
    const queue = this.#queues.get(tail)
    if (queue !== undefined) collectArrived(queue, arrived)
    for (const pull of arrived) this.unpark(pull)
    return arrived
  }

  /** Forgets the pulls of a connection that is gone. */
  forget(connection: Connection): void {
    for (const pull of [...(this.#byConnection.get(connection)?.keys() ?? [])]) this.unpark(pull)
  }

  /** Answers the pulls of a topic at once, since it is deleted or no longer readable. */
  releaseTopic(topic: string): void {
    this.#release(topic, () => true)
  }

  /** Answers the pulls of a group on a topic at once, since it wants other messages of it now. */
  releaseGroup(group: string, topic: string): void {
    this.#release(topic, (pull) => pull.group === group)
  }

  #release(topic: string, isMeant: (pull: Pull) => boolean): void {
    for (const { tail, pulls } of [...this.#queues.values()]) {
      if (tail.topic !== topic) continue
      for (const pull of [...pulls].filter(isMeant)) {
        this.unpark(pull)
        this.#onDue(pull)
      }
    }
  }

  close(): void {
    clearInterval(this.#timer)
    this.#timer = undefined
  }

  #sweep(): void {
    const now = Date.now()
    const due: Pull[] = []
    for (const parked of this.#byConnection.values()) {
      for (const pull of parked.keys()) {
        if (pull.deadlineMs <= now) due.push(pull)
      }
    }
    for (const pull of due) {
      this.unpark(pull)
      this.#onDue(pull)
    }
  }
}

function collectArrived({ tail, pulls }: ParkedQueue, arrived: Pull[]): void {
  for (const pull of pulls) if (pull.offset !== tail.nextQueueOffset) arrived.push(pull)
}
