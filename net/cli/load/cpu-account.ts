import { BrokerProcess } from './broker-process.ts'

/** CPU time over a stretch of work. */
export interface CpuFigures {
  /** Of the broker's processes; undefined when none is known. */
  readonly brokerUs: number | undefined
  /** Of this process. */
  readonly generatorUs: number
}

/** CPU time of the broker and of the generator, from {@link start} on. */
export class CpuAccount {
  readonly #processes: readonly BrokerProcess[]
  #brokerStartUs = 0
  #generatorStart = process.cpuUsage()
  #generatorUs = 0

  /** @throws {LoadError} `LOAD_PROCESS_UNKNOWN` */
  constructor(pids: readonly number[]) {
    this.#processes = pids.map((pid) => new BrokerProcess(pid))
  }

  /** Whether there is a broker whose time is counted. */
  get hasBroker(): boolean {
    return this.#processes.length > 0
  }

  /** Anonymous memory of the broker's processes, undefined without any. */
  get brokerRssAnonBytes(): number | undefined {
    if (!this.hasBroker) return undefined
    return this.#processes.reduce((sum, broker) => sum + broker.rssAnonBytes(), 0)
  }

  start(): void {
    this.#generatorStart = process.cpuUsage()
    this.#brokerStartUs = this.#brokerUs()
  }

  /** The generator has done its work: the broker may still be at it. */
  stopGenerator(): void {
    const { user, system } = process.cpuUsage(this.#generatorStart)
    this.#generatorUs = user + system
  }

  figures(): CpuFigures {
    const brokerUs = this.hasBroker ? this.#brokerUs() - this.#brokerStartUs : undefined
    return { brokerUs, generatorUs: this.#generatorUs }
  }

  #brokerUs(): number {
    return this.#processes.reduce((sum, broker) => sum + broker.usedUs(), 0)
  }
}
