/** What was counted in the last steps. */
export interface PeriodTotal {
  readonly sum: number
  /** How often something was added. */
  readonly times: number
  /** How long the steps are that it lies in, the present one as far as it has come. */
  readonly spanMs: number
}

interface Step {
  readonly index: number
  sum: number
  times: number
}

/** Adds up what happens in a period that moves on in steps: the present one and those before it. */
export class PeriodCounter {
  readonly #stepMs: number
  readonly #stepCount: number
  #steps: Step[] = []

  constructor(stepMs: number, stepCount: number) {
    this.#stepMs = stepMs
    this.#stepCount = stepCount
  }

  add(nowMs: number, value: number): void {
    const index = Math.floor(nowMs / this.#stepMs)
    let last = this.#steps.at(-1)
    if (last?.index !== index) {
      this.#forget(index)
      last = { index, sum: 0, times: 0 }
      this.#steps.push(last)
    }
    last.sum += value
    last.times += 1
  }

  total(nowMs: number): PeriodTotal {
    this.#forget(Math.floor(nowMs / this.#stepMs))
    const [first] = this.#steps
    if (first === undefined) return { sum: 0, times: 0, spanMs: 0 }
    const total = { sum: 0, times: 0 }
    for (const { sum, times } of this.#steps) {
      total.sum += sum
      total.times += times
    }
    // A step that has just begun would make any rate endless.
    const spanMs = Math.max(nowMs - first.index * this.#stepMs, this.#stepMs)
    return { ...total, spanMs }
  }

  #forget(presentIndex: number): void {
    this.#steps = this.#steps.filter(({ index }) => index > presentIndex - this.#stepCount)
  }
}
