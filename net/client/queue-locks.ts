import { describeError } from '../../engine/base/errors.ts'
import { decodeBody, encodeBody } from '../protocol/json-shape.ts'
import { LockBatchRequestBody, LockBatchResponseBody } from '../protocol/lock.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import { PeriodicTask } from './periodic-task.ts'

/** What {@link QueueLocks} work with. */
export interface QueueLocksOptions {
  readonly instance: ClientInstance
  readonly group: string
  /** How often locks are renewed, in milliseconds. */
  readonly intervalMs: number
  /** Somebody else has the lock of a queue that was held here. */
  readonly onLost: (queue: MessageQueue) => void
  /** The lock of a queue is held again, after a time in which somebody else may have had it. */
  readonly onRegained: (queue: MessageQueue) => void
}

interface QueueLock {
  readonly queue: MessageQueue
  /** When the request was sent by which a broker granted the lock last. */
  confirmedMs: number
  /** When that was by the wall clock. */
  confirmedAtMs: number
}

/** How long a granted lock is relied on; a broker keeps it for twice as long
 *  (Java: ProcessQueue.REBALANCE_LOCK_MAX_LIVE_TIME, RebalanceLockManager). */
const LOCK_RELIED_ON_MS = 30_000
/** Java: RebalanceImpl.lock, unlock. */
const LOCK_TIMEOUT_MS = 1_000
/** How soon locks are asked for again that a broker could not be asked for, in milliseconds. */
const RENEW_RETRY_MS = 500

/**
 * The locks that let one member of a group alone consume a queue in order. The brokers grant them,
 * for a time. RocketMQ: `RebalanceImpl.lock`, `lockAll`, `unlock`.
 *
 * Unlike there, a lock is not relied on from the time the connection to its broker ends until it is
 * granted again: a broker that was started anew knows no locks and may have given it to another.
 */
export class QueueLocks {
  readonly #options: QueueLocksOptions
  readonly #locks = new Map<string, QueueLock>()
  /** The last request to each broker, so that a renewal never overtakes an unlock. */
  readonly #lastRequests = new Map<string, Promise<unknown>>()
  readonly #renewTask: PeriodicTask

  constructor(options: QueueLocksOptions) {
    const { instance, intervalMs } = options
    this.#options = options
    this.#renewTask = new PeriodicTask({
      name: 'renewal of queue locks',
      intervalMs,
      logger: instance.config.logger,
      run: () => this.#renewAll(),
    })
  }

  /** Whether nobody else can have the queue at this moment. */
  isHeld(queue: MessageQueue): boolean {
    const lock = this.#locks.get(queueKey(queue))
    return lock !== undefined && isReliable(lock)
  }

  /** When a queue's lock was granted last, in ms since 1970; 0 when it is not held. */
  confirmedAtMs(queue: MessageQueue): number {
    return this.#locks.get(queueKey(queue))?.confirmedAtMs ?? 0
  }

  /** Asks for queues and returns those that are held then. Failures are logged. */
  async lock(queues: readonly MessageQueue[]): Promise<readonly MessageQueue[]> {
    const grants = [...byBroker(queues)].map(([brokerName, ofBroker]) =>
      this.#inTurn(brokerName, () => this.#tryLock(brokerName, ofBroker)),
    )
    return (await Promise.all(grants)).flat()
  }

  /** Lets others have queues. A failure is logged: the broker then frees them by time. */
  async unlock(queues: readonly MessageQueue[]): Promise<void> {
    for (const queue of queues) this.#locks.delete(queueKey(queue))
    const ends = [...byBroker(queues)].map(([brokerName, ofBroker]) =>
      this.#inTurn(brokerName, () => this.#tryUnlock(brokerName, ofBroker)),
    )
    await Promise.all(ends)
  }

  /** The connection to a broker has ended: what it granted is in doubt until it says so again. */
  doubt(brokerName: string): void {
    const doubted = [...this.#locks.values()].filter(({ queue }) => queue.brokerName === brokerName)
    for (const lock of doubted) lock.confirmedMs = Number.NEGATIVE_INFINITY
    if (doubted.length > 0) this.#renewTask.trigger()
  }

  async stop(): Promise<void> {
    await this.#renewTask.stop()
  }

  /** Returns when to do so again, in milliseconds. */
  async #renewAll(): Promise<number> {
    const queues = [...this.#locks.values()].map(({ queue }) => queue)
    const renewals = [...byBroker(queues)].map(([brokerName, ofBroker]) =>
      this.#inTurn(brokerName, () => this.#tryRenew(brokerName, ofBroker)),
    )
    const isDone = (await Promise.all(renewals)).every((isRenewed) => isRenewed)
    const { intervalMs } = this.#options
    return isDone ? intervalMs : Math.min(RENEW_RETRY_MS, intervalMs)
  }

  async #tryLock(
    brokerName: string,
    queues: readonly MessageQueue[],
  ): Promise<readonly MessageQueue[]> {
    try {
      const { granted, sentMs } = await this.#askFor(brokerName, queues)
      const held = queues.filter((queue) => granted.has(queueKey(queue)))
      for (const queue of held) this.#locks.set(queueKey(queue), lockOf(queue, sentMs))
      return held
    } catch (error) {
      this.#warn(`no locks from ${brokerName}`, error)
      return []
    }
  }

  async #tryRenew(brokerName: string, queues: readonly MessageQueue[]): Promise<boolean> {
    // Those that were given up since the renewal began must not be locked again.
    const kept = queues.filter((queue) => this.#locks.has(queueKey(queue)))
    if (kept.length === 0) return true
    try {
      const { granted, sentMs } = await this.#askFor(brokerName, kept)
      for (const queue of kept) this.#noteRenewal(queue, granted.has(queueKey(queue)), sentMs)
      return true
    } catch (error) {
      this.#warn(`locks of ${brokerName} not renewed`, error)
      return false
    }
  }

  #noteRenewal(queue: MessageQueue, isGranted: boolean, sentMs: number): void {
    const { onLost, onRegained } = this.#options
    const lock = this.#locks.get(queueKey(queue))
    // Given up meanwhile; the unlock follows this renewal.
    if (lock === undefined) return
    if (!isGranted) {
      this.#locks.delete(queueKey(queue))
      onLost(queue)
      return
    }
    const wasReliable = isReliable(lock)
    this.#locks.set(queueKey(queue), lockOf(queue, sentMs))
    if (!wasReliable) onRegained(queue)
  }

  async #tryUnlock(brokerName: string, queues: readonly MessageQueue[]): Promise<void> {
    try {
      await this.#request(RequestCode.UNLOCK_BATCH_MQ, brokerName, queues)
    } catch (error) {
      this.#warn(`queues of ${brokerName} not unlocked`, error)
    }
  }

  async #askFor(
    brokerName: string,
    queues: readonly MessageQueue[],
  ): Promise<{ readonly granted: ReadonlySet<string>; readonly sentMs: number }> {
    const sentMs = performance.now()
    const { body } = await this.#request(RequestCode.LOCK_BATCH_MQ, brokerName, queues)
    const { lockOKMQSet } = decodeBody(LockBatchResponseBody, body)
    return { granted: new Set(lockOKMQSet.map(queueKey)), sentMs }
  }

  async #request(
    code: number,
    brokerName: string,
    queues: readonly MessageQueue[],
  ): Promise<{ readonly body: Buffer }> {
    const { group, instance } = this.#options
    const address = instance.routes.masterAddress(brokerName)
    if (address === undefined) {
      throw new ClientError('CLIENT_BROKER_NOT_FOUND', `no master of broker ${brokerName}`)
    }
    const body = encodeBody(LockBatchRequestBody, {
      clientId: instance.clientId,
      consumerGroup: group,
      mqSet: [...queues],
      onlyThisBroker: false,
    })
    return instance.brokers.invokeChecked(address, createRequest(code, { body }), LOCK_TIMEOUT_MS)
  }

  /** One request to a broker after the other; `request` must not reject. */
  async #inTurn<T>(brokerName: string, request: () => Promise<T>): Promise<T> {
    const before = this.#lastRequests.get(brokerName)
    const mine = (async () => {
      await before
      return request()
    })()
    this.#lastRequests.set(brokerName, mine)
    const result = await mine
    if (this.#lastRequests.get(brokerName) === mine) this.#lastRequests.delete(brokerName)
    return result
  }

  #warn(what: string, error: unknown): void {
    this.#options.instance.config.logger.warn(`${what}: ${describeError(error)}`)
  }
}

function lockOf(queue: MessageQueue, confirmedMs: number): QueueLock {
  return { queue, confirmedMs, confirmedAtMs: Date.now() }
}

function isReliable(lock: QueueLock): boolean {
  return performance.now() - lock.confirmedMs <= LOCK_RELIED_ON_MS
}

function byBroker(queues: readonly MessageQueue[]): ReadonlyMap<string, readonly MessageQueue[]> {
  const groups = new Map<string, MessageQueue[]>()
  for (const queue of queues) {
    const group = groups.get(queue.brokerName)
    if (group === undefined) groups.set(queue.brokerName, [queue])
    else group.push(queue)
  }
  return groups
}
