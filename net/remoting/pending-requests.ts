import { performance } from 'node:perf_hooks'
import { assert } from '../../engine/base/assert.ts'
import { RemotingError } from './errors.ts'
import type { ReceivedCommand } from './received-command.ts'
import type { RemotingCommand } from './remoting-command.ts'

/** Who waits for a response. Neither of the two throws. */
export interface ResponseWaiter {
  /** `response` is valid only during the call. */
  resolve(response: ReceivedCommand): void
  reject(error: Error): void
}

interface PendingRequest {
  readonly opaque: number
  readonly waiter: ResponseWaiter
  readonly code: number
  readonly timeoutMs: number
  readonly deadlineMs: number
}

const OPAQUE_MAX = 0x7fff_ffff
/** A power of two. */
const SLOTS_FIRST = 16
/** Shortest time between two looks at the deadlines, in milliseconds. */
const LOOK_MS_MIN = 5

/**
 * Requests of one connection that wait for their response, with deadlines. An opaque is chosen so
 * that its low bits are the index of a free slot, of which at least half are free.
 * One timer serves all; it looks at the requests that still wait when the earliest deadline that
 * was known comes, so a request that is answered in time costs no timer.
 */
export class PendingRequests {
  #slots: (PendingRequest | undefined)[] = []
  #count = 0
  readonly #peer: string
  #nextOpaque = 0
  #timer: NodeJS.Timeout | undefined
  #timerAtMs = Number.POSITIVE_INFINITY

  /** `peer` names the other side in error messages. */
  constructor(peer: string) {
    this.#peer = peer
  }

  get size(): number {
    return this.#count
  }

  /** An opaque that no waiting request has. */
  takeOpaque(): number {
    if (2 * this.#count >= this.#slots.length) this.#grow()
    do {
      this.#nextOpaque = this.#nextOpaque === OPAQUE_MAX ? 0 : this.#nextOpaque + 1
    } while (this.#slots[this.#slotOf(this.#nextOpaque)] !== undefined)
    return this.#nextOpaque
  }

  /** `waiter` waits at most `timeoutMs` for the response to `request`, which carries its opaque. */
  add(request: RemotingCommand, timeoutMs: number, waiter: ResponseWaiter): void {
    const { code, opaque } = request
    const deadlineMs = performance.now() + timeoutMs
    const slot = this.#slotOf(opaque)
    assert(this.#slots[slot] === undefined, 'an opaque that was taken has its slot')
    this.#slots[slot] = { opaque, waiter, code, timeoutMs, deadlineMs }
    this.#count += 1
    if (deadlineMs < this.#timerAtMs) this.#arm(deadlineMs)
  }

  /** Settles the request that `response` answers; false when none waits for it any more. */
  complete(response: ReceivedCommand): boolean {
    const { opaque } = response
    const pending = this.#slots[this.#slotOf(opaque)]
    if (pending?.opaque !== opaque) return false
    this.#remove(pending)
    pending.waiter.resolve(response)
    return true
  }

  /** Fails everything that waits. */
  failAll(error: Error): void {
    clearTimeout(this.#timer)
    this.#timerAtMs = Number.POSITIVE_INFINITY
    const failed = this.#slots
    this.#slots = []
    this.#count = 0
    for (const pending of failed) pending?.waiter.reject(error)
  }

  #slotOf(opaque: number): number {
    return opaque & (this.#slots.length - 1)
  }

  #remove({ opaque }: PendingRequest): void {
    this.#slots[this.#slotOf(opaque)] = undefined
    this.#count -= 1
  }

  #grow(): void {
    const waiting = this.#slots
    this.#slots = new Array(Math.max(SLOTS_FIRST, 2 * waiting.length)).fill(undefined)
    for (const pending of waiting) {
      if (pending !== undefined) this.#slots[this.#slotOf(pending.opaque)] = pending
    }
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
    const late: PendingRequest[] = []
    let earliestMs = Number.POSITIVE_INFINITY
    for (const pending of this.#slots) {
      if (pending === undefined) continue
      if (pending.deadlineMs <= nowMs) late.push(pending)
      else earliestMs = Math.min(earliestMs, pending.deadlineMs)
    }
    this.#timerAtMs = Number.POSITIVE_INFINITY
    if (earliestMs !== Number.POSITIVE_INFINITY) this.#arm(earliestMs)
    for (const pending of late) this.#remove(pending)
    for (const { code, timeoutMs, waiter } of late) {
      const message = `no response to request ${code} from ${this.#peer} in ${timeoutMs} ms`
      waiter.reject(new RemotingError('REMOTING_TIMEOUT', message))
    }
  }
}
