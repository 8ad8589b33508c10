import type { Pace } from '../engine/base/pace.ts'
import { MIB } from '../engine/base/units.ts'

/** Words that whoever started a walk shares with the threads that do it. */
export const WalkWord = {
  /** Set to 1 by the event loop: end as soon as may be. */
  STOP: 0,
  /** Index of the next job that no thread has taken. */
  NEXT_JOB: 1,
  /** MiB that were walked, by all threads together. */
  DONE_MEBIBYTES: 2,
  COUNT: 3,
} as const

export function createWalkWords(): SharedArrayBuffer {
  return new SharedArrayBuffer(WalkWord.COUNT * Int32Array.BYTES_PER_ELEMENT)
}

/** Asks all threads to end their walks. */
export function stopWalks(words: SharedArrayBuffer): void {
  const view = new Int32Array(words)
  Atomics.store(view, WalkWord.STOP, 1)
  Atomics.notify(view, WalkWord.STOP)
}

const MS_PER_SECOND = 1000
/** A walk that was held up makes up for no more than this. */
const BEHIND_MS_MAX = 100

/** The pace of a walk in a thread of its own: counts what was read, sleeps where it is early. */
export class ThreadPace implements Pace {
  readonly #words: Int32Array
  readonly #bytesPerSecond: number
  /** When the next byte is due. */
  #dueMs = performance.now()
  #uncountedBytes = 0

  /** @param bytesPerSecond infinite for as many as there are */
  constructor(words: SharedArrayBuffer, bytesPerSecond: number) {
    this.#words = new Int32Array(words)
    this.#bytesPerSecond = bytesPerSecond
  }

  get isStopped(): boolean {
    return Atomics.load(this.#words, WalkWord.STOP) !== 0
  }

  /** Sleeps, unless the walk is to end. */
  sleep(durationMs: number): void {
    Atomics.wait(this.#words, WalkWord.STOP, 0, durationMs)
  }

  passed(bytes: number): boolean {
    this.#uncountedBytes += bytes
    const mebibytes = Math.floor(this.#uncountedBytes / MIB)
    if (mebibytes > 0) Atomics.add(this.#words, WalkWord.DONE_MEBIBYTES, mebibytes)
    this.#uncountedBytes -= mebibytes * MIB
    const nowMs = performance.now()
    const dueMs = Math.max(this.#dueMs, nowMs - BEHIND_MS_MAX)
    this.#dueMs = dueMs + (bytes * MS_PER_SECOND) / this.#bytesPerSecond
    if (this.#dueMs - nowMs > 1) this.sleep(this.#dueMs - nowMs)
    return !this.isStopped
  }
}
