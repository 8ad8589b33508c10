import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'

/** What a {@link PeriodicTask} does and how often. */
export interface PeriodicTaskOptions {
  /** Names the task in the log. */
  readonly name: string
  readonly intervalMs: number
  /** Shortest time between the starts of two runs, however often it is asked for one.
   *  @default 0 */
  readonly spacingMs?: number
  readonly logger: Logger
  /** One run. Resolves with the milliseconds until the next one when they are not the usual. */
  readonly run: () => Promise<void> | Promise<number>
}

/** Runs a task again and again, and at once when asked to; never two runs at the same time. */
export class PeriodicTask {
  readonly #options: PeriodicTaskOptions
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> | undefined
  #startedMs = Number.NEGATIVE_INFINITY
  #isWanted = false
  #isStopped = false

  /** The first run comes after `firstMs`. @default the interval */
  constructor(options: PeriodicTaskOptions, firstMs = options.intervalMs) {
    this.#options = options
    this.#schedule(firstMs)
  }

  /** Runs as soon as the spacing allows, once more when a run is in progress. */
  trigger(): void {
    if (this.#running === undefined) this.#schedule(this.#spacingLeftMs())
    else this.#isWanted = true
  }

  /** Resolves when a run that began after this call has ended. */
  async runNow(): Promise<void> {
    await this.#running
    if (this.#isStopped) return
    if (this.#running === undefined) this.#start()
    await this.#running
  }

  /** Runs no more; resolves when the present run has ended. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#running
  }

  #schedule(ms: number): void {
    if (this.#isStopped) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => this.#start(), ms)
  }

  #spacingLeftMs(): number {
    const { spacingMs = 0 } = this.#options
    return Math.max(0, this.#startedMs + spacingMs - performance.now())
  }

  #start(): void {
    clearTimeout(this.#timer)
    this.#isWanted = false
    this.#startedMs = performance.now()
    this.#running = this.#run()
  }

  async #run(): Promise<void> {
    const { name, intervalMs, logger, run } = this.#options
    let nextMs = intervalMs
    try {
      nextMs = (await run()) ?? intervalMs
    } catch (error) {
      logger.warn(`${name} failed: ${describeError(error)}`)
    }
    this.#running = undefined
    this.#schedule(this.#isWanted ? this.#spacingLeftMs() : nextMs)
  }
}
