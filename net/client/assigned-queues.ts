import { assert } from '../../engine/base/assert.ts'
import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import type { SubscriptionData } from '../protocol/heartbeat.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { ConsumeStats } from './consume-stats.ts'
import type { ReceivedMessage } from './message.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import type { OffsetStore, QueueOffset } from './offset-store.ts'
import type { PullClient } from './pull-client.ts'
import { decodePulled } from './pulled-messages.ts'
import type { QueueLocks } from './queue-locks.ts'
import { QueuePauses } from './queue-pauses.ts'
import { type PullSink, QueuePuller } from './queue-puller.ts'
import type { CachedMessages } from './running-info.ts'
import { settledWithin } from './settled-within.ts'
import { wants } from './subscription.ts'

/** What {@link AssignedQueues} work with. */
export interface AssignedQueuesOptions {
  readonly store: OffsetStore
  readonly pullClient: PullClient
  /** What lets one member alone have a queue; undefined where that does not matter. */
  readonly locks: QueueLocks | undefined
  readonly logger: Logger
  /** Whether each pull tells the broker how far the group has come. */
  readonly commitsWithPull: boolean
  readonly stats: ConsumeStats
  /** Makes the place to which the messages of a queue go. */
  readonly openSink: (queue: MessageQueue, startOffset: number) => PullSink
  /** Where to begin in a queue. */
  readonly startOffsetOf: (queue: MessageQueue) => Promise<number>
  /** What is wanted of a topic at the moment. */
  readonly subscriptionTo: (topic: string) => SubscriptionData
  /** Whether a message is wanted that comes behind the subscription's filter; undefined where all
   *  of them are. */
  readonly isWanted: ((message: ReceivedMessage) => boolean) | undefined
  /** A broker does not know the subscription that a pull relies on. */
  readonly onUnknown: () => Promise<void>
  /** A queue that was busy when it was given up is free now, or one was started anew. */
  readonly onFree: () => void
}

/** What is known of one queue. */
export interface AssignedState {
  readonly queue: MessageQueue
  readonly cached: CachedMessages
  /** When the last pull began, in ms since 1970. */
  readonly lastPullAtMs: number
}

/** The queues that a consumer has, each with its puller. */
export class AssignedQueues {
  /** What pauses the pulling of queues, also of those that come later. */
  readonly pauses = new QueuePauses()
  readonly #options: AssignedQueuesOptions
  readonly #log: LimitedLogger
  readonly #pullers = new Map<string, QueuePuller>()
  /** Queues between two states: given up and not free yet, or started anew. None rejects. */
  readonly #turning = new Map<string, Promise<void>>()
  /** What pulled them until then. */
  readonly #turningPullers = new Map<string, QueuePuller>()
  /** How far queues had come that were given up while their offsets could not be stored. */
  readonly #unstored = new Map<string, number>()
  #isStopped = false

  constructor(options: AssignedQueuesOptions) {
    this.#options = options
    this.#log = new LimitedLogger(options.logger)
  }

  get list(): readonly MessageQueue[] {
    return [...this.#pullers.values()].map(({ queue }) => queue)
  }

  sinkOf(queue: MessageQueue): PullSink | undefined {
    return this.#pullers.get(queueKey(queue))?.sink
  }

  /**
   * Has exactly these queues from now on.
   * @throws {ClientError} the failure to find out where to begin in one of them
   */
  async set(queues: readonly MessageQueue[]): Promise<void> {
    await this.#giveAllBut(queues, () => true)
    await Promise.all(queues.map((queue) => this.#take(queue)))
  }

  /** Has exactly `share` of a topic from now on; false when not all of it could be begun. */
  async setTopic(topic: string, share: readonly MessageQueue[]): Promise<boolean> {
    await this.#giveAllBut(share, (queue) => queue.topic === topic)
    const missing = share.filter((queue) => !this.#pullers.has(queueKey(queue)))
    const free = missing.filter((queue) => !this.#turning.has(queueKey(queue)))
    const { locks } = this.#options
    const held = locks === undefined || free.length === 0 ? free : await locks.lock(free)
    const results = await Promise.all(held.map((queue) => this.#tryTake(queue)))
    return held.length === missing.length && results.every((isTaken) => isTaken)
  }

  /** Somebody else has a queue: what is done with it here does not count any more. */
  drop(queue: MessageQueue): void {
    this.#pullers.get(queueKey(queue))?.close()
    this.#pullers.delete(queueKey(queue))
    // Nor does a call that is still in progress.
    this.#turningPullers.get(queueKey(queue))?.close()
    this.#forget(queue)
  }

  /** Starts a queue anew which somebody else may have had meanwhile: behind what is consumed. */
  renew(queue: MessageQueue): void {
    const puller = this.#pullers.get(queueKey(queue))
    if (puller === undefined) return
    this.#pullers.delete(queueKey(queue))
    void this.#turn(puller, () => this.#startAnew(puller)).then(() => this.#options.onFree())
  }

  /** Pulls a queue from another offset on; what was pulled before is dropped. */
  restart(queue: MessageQueue, offset: number): void {
    const puller = this.#pullers.get(queueKey(queue))
    assert(puller !== undefined, 'only an assigned queue is restarted')
    puller.close()
    this.#start(queue, offset)
  }

  /** Goes on at other offsets in those of the queues that are here, and keeps that. */
  async reset(offsets: readonly QueueOffset[]): Promise<void> {
    const { store } = this.#options
    for (const { queue } of offsets) this.#unstored.delete(queueKey(queue))
    const own = offsets.filter(({ queue }) => this.#pullers.has(queueKey(queue)))
    for (const { queue, offset } of own) {
      this.restart(queue, offset)
      store.set(queue, offset)
    }
    await store.persistAll()
  }

  /** What is known of the queues that are here. */
  get states(): readonly AssignedState[] {
    return [...this.#pullers.values()].map(({ lastPullAtMs, queue, sink }) => ({
      queue,
      cached: sink.cached,
      lastPullAtMs,
    }))
  }

  /** Asks for no more messages and takes no more queues; what was pulled can be worked on. */
  stop(): void {
    this.#isStopped = true
    for (const puller of this.#pullers.values()) puller.stop()
  }

  /** Resolves when the queues that were given up are free, or after `timeoutMs`. */
  async settled(timeoutMs: number): Promise<void> {
    await settledWithin(this.#turning.values(), timeoutMs)
  }

  /** What was pulled does not count any more. */
  close(): void {
    this.stop()
    for (const puller of this.#pullers.values()) puller.close()
  }

  async #giveAllBut(
    kept: readonly MessageQueue[],
    isMeant: (queue: MessageQueue) => boolean,
  ): Promise<void> {
    const keys = new Set(kept.map(queueKey))
    const lost = this.list.filter((queue) => isMeant(queue) && !keys.has(queueKey(queue)))
    await Promise.all(lost.map((queue) => this.#give(queue)))
  }

  async #give(queue: MessageQueue): Promise<void> {
    const puller = this.#pullers.get(queueKey(queue))
    assert(puller !== undefined, 'only an assigned queue is given up')
    this.#pullers.delete(queueKey(queue))
    const finishing = puller.finish()
    const leaving = this.#turn(puller, () => this.#leave(puller, finishing))
    if (finishing === undefined) return leaving
    // A listener may be at work for long; the other queues do not wait for it.
    void leaving.then(() => this.#options.onFree())
  }

  /** Whatever `work` does, the queue is not taken before it has ended. It must not reject. */
  #turn(puller: QueuePuller, work: () => Promise<void>): Promise<void> {
    const key = queueKey(puller.queue)
    this.#turningPullers.set(key, puller)
    const turning = work().finally(() => {
      this.#turning.delete(key)
      this.#turningPullers.delete(key)
    })
    this.#turning.set(key, turning)
    return turning
  }

  async #leave(puller: QueuePuller, finishing: Promise<void> | undefined): Promise<void> {
    const { locks, store } = this.#options
    const { queue } = puller
    await finishing
    puller.close()
    const offset = store.get(queue)
    const isStored = await store.persist(queue)
    if (!isStored && offset !== undefined) this.#unstored.set(queueKey(queue), offset)
    await locks?.unlock([queue])
    this.#forget(queue)
  }

  /** Whoever gets the queue next must not hear of offsets from here any more. */
  async #release(queue: MessageQueue): Promise<void> {
    const { locks, store } = this.#options
    const offset = store.get(queue)
    if (offset !== undefined) this.#unstored.set(queueKey(queue), offset)
    this.#forget(queue)
    await locks?.unlock([queue])
  }

  async #startAnew(puller: QueuePuller): Promise<void> {
    const { locks, startOffsetOf, store } = this.#options
    const { queue } = puller
    await puller.finish()
    puller.close()
    try {
      const offset = await startOffsetOf(queue)
      // The lock may have been lost, or be in doubt again, since the broker was asked.
      if (locks?.isHeld(queue) === false) await this.#release(queue)
      else if (!this.#isStopped) this.#start(queue, Math.max(offset, store.get(queue) ?? 0))
    } catch (error) {
      this.#warnOf(queue, error)
      await this.#release(queue)
    }
  }

  #forget(queue: MessageQueue): void {
    const { pullClient, store } = this.#options
    store.remove(queue)
    pullClient.forget(queue)
  }

  async #tryTake(queue: MessageQueue): Promise<boolean> {
    try {
      await this.#take(queue)
      return true
    } catch (error) {
      this.#warnOf(queue, error)
      await this.#options.locks?.unlock([queue])
      return false
    }
  }

  #warnOf(queue: MessageQueue, error: unknown): void {
    this.#options.logger.warn(`cannot begin with ${queueKey(queue)}: ${describeError(error)}`)
  }

  async #take(queue: MessageQueue): Promise<void> {
    await this.#turning.get(queueKey(queue))
    if (this.#pullers.has(queueKey(queue))) return
    const offset = await this.#options.startOffsetOf(queue)
    if (this.#isStopped || this.#pullers.has(queueKey(queue))) return
    // It may have been given up because its broker was away, and with it the offset.
    this.#start(queue, Math.max(offset, this.#unstored.get(queueKey(queue)) ?? 0))
    this.#unstored.delete(queueKey(queue))
  }

  #start(queue: MessageQueue, startOffset: number): void {
    const { commitsWithPull, isWanted, locks, onUnknown, openSink, pullClient } = this.#options
    const { stats, store, subscriptionTo } = this.#options
    const puller = new QueuePuller({
      queue,
      startOffset,
      sink: openSink(queue, startOffset),
      log: this.#log,
      pull: (offset) => {
        const mayCommit = commitsWithPull && locks?.isHeld(queue) !== false
        const commitOffset = mayCommit ? store.get(queue) : undefined
        return pullClient.pull(queue, subscriptionTo(queue.topic), { offset, commitOffset })
      },
      decode: async (body) => {
        const subscription = subscriptionTo(queue.topic)
        const isTagged = subscription.tagsSet.length > 0
        const wish = (tags: string | undefined): boolean => wants(subscription, tags)
        const pulled = await decodePulled(body, queue, isTagged ? wish : undefined)
        if (isWanted === undefined) return pulled
        return pulled.filter(({ failure, message }) => failure !== undefined || isWanted(message))
      },
      onPulled: (count, ms) => stats.notePull(queue.topic, count, ms),
      resumed: () => this.pauses.resumed(queue),
      onUnknown,
    })
    this.#pullers.set(queueKey(queue), puller)
  }
}
