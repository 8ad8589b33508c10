import { assert } from '../../engine/base/assert.ts'

/** Bounds how many calls are in progress at once; who waits longest is next. */
export class CallSlots {
  #freeCount: number
  readonly #waiting: (() => void)[] = []

  constructor(count: number) {
    this.#freeCount = count
  }

  /** Resolves with true when the caller has a slot, with false when `signal` came first. */
  async take(signal: AbortSignal): Promise<boolean> {
    if (signal.aborted) return false
    if (this.#freeCount > 0) {
      this.#freeCount -= 1
      return true
    }
    return new Promise((resolve) => {
      const onAbort = (): void => {
        this.#waiting.splice(this.#waiting.indexOf(onTurn), 1)
        resolve(false)
      }
      const onTurn = (): void => {
        signal.removeEventListener('abort', onAbort)
        resolve(true)
      }
      this.#waiting.push(onTurn)
      signal.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Gives a slot to whoever waits for one. */
  free(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#freeCount += 1
    else next()
    assert(this.#freeCount >= 0, 'slots are freed by who took them')
  }
}
