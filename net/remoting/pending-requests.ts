import { performance } from 'node:perf_hooks'
import { RemotingError } from './errors.ts'
import type { RemotingCommand } from './remoting-command.ts'

/** Who waits for a response. Neither of the two throws. */
export interface ResponseWaiter {
  resolve(response: RemotingCommand): void
  reject(error: Error): void
}

interface PendingRequest {
  readonly waiter: ResponseWaiter
  readonly code: number
  readonly timeoutMs: number
  readonly deadlineMs: number
}

const OPAQUE_MAX = 0x7fff_ffff
/** Shortest time between two looks at the deadlines, in milliseconds. */
const LOOK_MS_MIN = 5

/**
 * Requests of one connection that wait for their response: opaque to promise, with deadlines.
 * One timer serves all; it looks at the requests that still wait when the earliest deadline that
 * was known comes, so a request that is answered in time costs no timer.
 */
export class PendingRequests {
  readonly #pending = new Map<number, PendingRequest>()
  readonly #peer: string
  #nextOpaque = 0
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  /** `peer` names the other side in error messages. */
  constructor(peer: string) {
    this.#peer = peer
  }

  get size(): number {
    return this.#pending.size
  }

  /** An opaque that no waiting request has. */
  takeOpaque(): number {
    do {
      this.#nextOpaque = this.#nextOpaque === OPAQUE_MAX ? 0 : this.#nextOpaque + 1
    } while (this.#pending.has(this.#nextOpaque))
    return this.#nextOpaque
  }

  /** `waiter` waits at most `timeoutMs` for the response to `request`, which carries its opaque. */
  add(request: RemotingCommand, timeoutMs: number, waiter: ResponseWaiter): void {
    const { code, opaque } = request
    const deadlineMs = performance.now() + timeoutMs
    this.#pending.set(opaque, { waiter, code, timeoutMs, deadlineMs })
    if (deadlineMs < this.#timerAtMs) this.#arm(deadlineMs)
  }

  /** Settles the request that `response` answers; false when none waits for it any more. */
  complete(response: RemotingCommand): boolean {
    const pending = this.#pending.get(response.opaque)
    if (pending === undefined) return false
    this.#pending.delete(response.opaque)
    pending.waiter.resolve(response)
    return true
  }

  /** Fails everything that waits. */
  failAll(error: Error): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const failed = [...this.#pending.values()]
    this.#pending.clear()
    for (const { waiter } of failed) waiter.reject(error)
  }

  #arm(deadlineMs: number): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = deadlineMs
    const delayMs = Math.max(LOOK_MS_MIN, deadlineMs - performance.now())
    this.#timer = setTimeout(() => this.#expire(), delayMs)
    // A connection keeps the process alive, its deadlines need not.
    this.#timer.unref()
  }

  #expire(): void {
    const nowMs = performance.now()
    let earliestMs = Number.POSITIVE_INFINITY
    for (const [opaque, pending] of this.#pending) {
      if (pending.deadlineMs > nowMs) {
        earliestMs = Math.min(earliestMs, pending.deadlineMs)
        continue
      }
      this.#pending.delete(opaque)
      const { code, timeoutMs, waiter } = pending
      const message = `no response to request ${code} from ${this.#peer} in ${timeoutMs} ms`
      waiter.reject(new RemotingError('REMOTING_TIMEOUT', message))
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY
    if (earliestMs !== Number.POSITIVE_INFINITY) this.#arm(earliestMs)
  }
}
