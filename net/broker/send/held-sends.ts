/**
 * Sends that cannot be taken now. Each stays in its connection, which is read no further; when the
 * obstacle goes it is tried again, oldest first, and after `waitTimeMillsInSendQueue` it is refused
 * with SYSTEM_BUSY, as all others of its connection until one can be taken: what else the peer has
 * to say, heartbeats and pulls, is held up no longer than that (Java: BrokerFastFailure).
 */
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { LimitedLogger } from '../../remoting/limited-logger.ts'
import { BrokerError } from '../broker-error.ts'
import { connectionState } from '../connection-state.ts'
import type { BrokerConfig } from '../options/broker-options.ts'

export interface HeldSendsParts {
  readonly config: Pick<BrokerConfig, 'brokerFastFailureEnable' | 'waitTimeInSendQueueMs'>
  readonly log: LimitedLogger
}

export class HeldSends {
  readonly #parts: HeldSendsParts
  /** By how long they have waited. */
  #connections = new Set<Connection>()
  /** The same for messages that came the generic way. */
  readonly #retries: (() => void)[] = []
  #timer: NodeJS.Timeout | undefined

  constructor(parts: HeldSendsParts) {
    this.#parts = parts
  }

  /** How many wait. */
  get count(): number {
    return this.#connections.size + this.#retries.length
  }

  /** How long the one that has waited longest has, in ms; 0 when none waits. */
  oldestWaitMs(nowMs: number): number {
    const [oldest] = this.#connections
    return oldest === undefined ? 0 : Math.max(0, nowMs - connectionState(oldest).heldSinceMs)
  }

  /**
   * A send of the connection cannot be taken: from the first one on its time runs.
   * @param why the obstacle, with its numbers
   * @throws {BrokerError} SYSTEM_BUSY when its time is up
   */
  note(connection: Connection, why: () => string): void {
    const { config, log } = this.#parts
    const nowMs = Date.now()
    const state = connectionState(connection)
    const { brokerFastFailureEnable, waitTimeInSendQueueMs } = config
    // One that was refused and then kept silent waits anew: nobody knows what was in between.
    const isNew = state.heldSinceMs === 0 || nowMs - state.heldNotedMs > waitTimeInSendQueueMs
    if (isNew) state.heldSinceMs = nowMs
    state.heldNotedMs = nowMs
    const waitedMs = nowMs - state.heldSinceMs
    if (!brokerFastFailureEnable || waitedMs < waitTimeInSendQueueMs) return
    const cause = why()
    log.warn('SYSTEM_BUSY', `sends are refused, ${connection.remoteAddress} first: ${cause}`)
    // Java's own words come first: people search their logs for them.
    const remark =
      '[TIMEOUT_CLEAN_QUEUE]broker busy, start flow control for a while, ' +
      `period in queue: ${waitedMs}ms, size of queue: ${this.count}; ${cause}`
    throw new BrokerError(ResponseCode.SYSTEM_BUSY, remark)
  }

  /** Keeps the connection until {@link retryAll}; its first frame is the one that waits. */
  hold(connection: Connection): void {
    this.#connections.add(connection)
    this.#watchTime()
  }

  /** Resolves at the next {@link retryAll}. */
  wait(): Promise<void> {
    this.#watchTime()
    return new Promise((resolve) => this.#retries.push(resolve))
  }

  /** Tries all again: those whose obstacle stands are held anew. */
  retryAll(): void {
    for (const resolve of this.#retries.splice(0)) resolve()
    const held = [...this.#connections]
    this.#connections.clear()
    for (const connection of held) connection.retryHeld()
    if (this.#connections.size > 1) this.#sort()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
  }

  /** Who got a message in and waits again stands behind those who got none in. */
  #sort(): void {
    const since = (connection: Connection) => connectionState(connection).heldSinceMs
    const sorted = [...this.#connections].sort((left, right) => since(left) - since(right))
    this.#connections = new Set(sorted)
  }

  #watchTime(): void {
    const { config } = this.#parts
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.retryAll()
    }, sweepMs(config.waitTimeInSendQueueMs)).unref()
  }
}

/** Nobody waits much longer than the time that is set. */
function sweepMs(waitMs: number): number {
  return Math.max(1, Math.ceil(waitMs / SWEEPS_PER_WAIT))
}

const SWEEPS_PER_WAIT = 10
