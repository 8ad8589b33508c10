/**
 * How the event loop hears that queues were built, and the reput thread that there is something to
 * build: both sides of it.
 *
 *   event loop, want()                 reput thread
 *     1. counts its wish up              1. publishes how far the queues are built
 *     2. reads how far they are          2. reads the count of wishes: a new one is told
 *
 *   event loop, written()              reput thread, before it sleeps
 *     1. publishes how far the log is    1. says that it is idle
 *     2. reads whether it is idle        2. reads how far the log is
 *
 * Whichever comes first, one of the two sees the other: the event loop finds the offset moved, or
 * the thread finds the wish; the thread finds what was written, or the event loop wakes it. After
 * work it only naps, which spares the event loop a wake-up a message.
 */
import { MIB } from '../engine/base/units.ts'
import type { SharedState } from './shared-state.ts'

/** A napping thread is woken for this much log though nobody waits: it never falls far behind. */
const WAKE_BYTES = MIB

/** The event loop's side. */
export class ReputWishes {
  readonly #state: SharedState
  /** Somebody waits for the next move: what is written meanwhile wakes the thread at once. */
  #isWanted = false
  #wokenAt: number

  constructor(state: SharedState, writtenOffset: number) {
    this.#state = state
    this.#wokenAt = writtenOffset
  }

  /**
   * Asks to be told once the queues are built beyond `seenOffset`.
   * @param writtenOffset how far the log is written
   * @returns false when they are already, so that nobody need wait
   */
  want(seenOffset: number, writtenOffset: number): boolean {
    this.#state.wantReput()
    this.#isWanted = true
    const { reputOffset } = this.#state
    if (reputOffset > seenOffset) return false
    if (reputOffset < writtenOffset) this.#state.wake('REPUT')
    return true
  }

  /** The log is written up to here, and published so. */
  written(writtenOffset: number): void {
    const isDue = this.#isWanted || writtenOffset - this.#wokenAt >= WAKE_BYTES
    if (!isDue && !this.#state.isReputIdle) return
    this.#wokenAt = writtenOffset
    this.#state.wake('REPUT')
  }

  /** The thread has told of a move: whoever still waits asks again. */
  told(): void {
    this.#isWanted = false
  }
}

/** The reput thread's side. */
export class ReputNews {
  readonly #state: SharedState
  #wishesSeen = 0

  constructor(state: SharedState) {
    this.#state = state
  }

  publish(reputOffset: number): void {
    this.#state.publishReput(reputOffset)
  }

  /** After {@link publish}: whether somebody asked to be told since the last time that one had. */
  takeWish(): boolean {
    const wishes = this.#state.reputWanted
    if (wishes === this.#wishesSeen) return false
    this.#wishesSeen = wishes
    return true
  }
}
