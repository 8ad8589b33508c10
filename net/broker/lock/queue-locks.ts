import type { MessageQueue } from '../../protocol/message-queue.ts'

/** How long a lock lives that its owner does not renew (Java: REBALANCE_LOCK_MAX_LIVE_TIME). */
const LOCK_LIFETIME_MS = 60_000

interface QueueLock {
  readonly clientId: string
  readonly renewedMs: number
}

/**
 * Which consumer of a group may read a queue in order (Java: RebalanceLockManager). The broker
 * grants the locks and does not check them: consumers keep to them.
 */
export class QueueLocks {
  /** By group, then by queue. */
  readonly #locks = new Map<string, Map<string, QueueLock>>()

  /**
   * Locks the queues that are free, expired, or the client's own, which renews them.
   * @returns the queues that the client holds now
   */
  lock(
    group: string,
    queues: readonly MessageQueue[],
    clientId: string,
    nowMs: number,
  ): MessageQueue[] {
    let locks = this.#locks.get(group)
    if (locks === undefined) {
      locks = new Map()
      this.#locks.set(group, locks)
    }
    const held: MessageQueue[] = []
    for (const queue of queues) {
      const key = keyOf(queue)
      const holder = locks.get(key)
      const isOthers = holder !== undefined && holder.clientId !== clientId
      if (isOthers && !isExpired(holder, nowMs)) continue
      locks.set(key, { clientId, renewedMs: nowMs })
      held.push(queue)
    }
    return held
  }

  /** Frees those of the queues that the client holds. */
  unlock(group: string, queues: readonly MessageQueue[], clientId: string): void {
    const locks = this.#locks.get(group)
    if (locks === undefined) return
    for (const queue of queues) {
      const key = keyOf(queue)
      if (locks.get(key)?.clientId === clientId) locks.delete(key)
    }
    if (locks.size === 0) this.#locks.delete(group)
  }

  /** Whether a consumer of the group holds any queue (RebalanceLockManager.isLockAllExpired). */
  isHeld(group: string, nowMs: number): boolean {
    const locks = this.#locks.get(group)
    return locks !== undefined && [...locks.values()].some((lock) => !isExpired(lock, nowMs))
  }

  /** Drops what nobody renewed, so that groups which went away leave nothing behind. */
  expire(nowMs: number): void {
    for (const [group, locks] of this.#locks) {
      for (const [key, lock] of locks) {
        if (isExpired(lock, nowMs)) locks.delete(key)
      }
      if (locks.size === 0) this.#locks.delete(group)
    }
  }
}

function keyOf({ topic, brokerName, queueId }: MessageQueue): string {
  return `${topic}@${brokerName}@${queueId}`
}

function isExpired(lock: QueueLock, nowMs: number): boolean {
  return nowMs - lock.renewedMs > LOCK_LIFETIME_MS
}
