import { setTimeout as sleep } from 'node:timers/promises'
import type { KilledBroker } from '../crash/kills/killed-broker.ts'
import type { SeededRandom } from '../helpers/seeded-random.ts'
import type { Ledger } from './ledger.ts'

/** What every load works with. */
export interface SoakPlace {
  readonly broker: KilledBroker
  readonly random: SeededRandom
  /** A folder for what clients keep. */
  readonly folder: string
}

/** One kind of load on the broker. */
export interface SoakLoad {
  /** Its messages, where it sends any. */
  readonly ledger?: Ledger
  start(): Promise<void>
  /** @throws what ended it before its time */
  check(): void
  /** Begins nothing new. @throws the first failure */
  stop(): Promise<void>
  /** Ends its clients. */
  close(): Promise<void>
}

/** A machine that is busy with something else makes nothing fail. */
export const PATIENCE = { sendTimeoutMs: 60_000, requestTimeoutMs: 60_000 } as const

/** A step that is done again and again. */
export class Repeated {
  readonly #running: Promise<void>
  #isStopped = false
  #failure: Error | undefined

  /** @param pauseMs the time between two steps, asked for each time */
  constructor(step: () => Promise<void>, pauseMs: () => number) {
    this.#running = this.#run(step, pauseMs)
    this.#running.catch((error: unknown) => {
      this.#failure = new Error('a load has failed', { cause: error })
    })
  }

  /** @throws the failure that ended it */
  check(): void {
    if (this.#failure !== undefined) throw this.#failure
  }

  /** @throws the failure that ended it before */
  stop(): Promise<void> {
    this.#isStopped = true
    return this.#running
  }

  async #run(step: () => Promise<void>, pauseMs: () => number): Promise<void> {
    while (!this.#isStopped) {
      await step()
      await sleep(pauseMs())
    }
  }
}
