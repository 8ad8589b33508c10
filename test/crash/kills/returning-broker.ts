/** A broker that is killed again and again and comes back where it was, with what it had. */
import { freeBrokerPort, freePort } from '../../../scripts/java/free-ports.ts'
import { KilledBroker } from './killed-broker.ts'

export class ReturningBroker implements Disposable {
  /** What clients are given: the same for all its lives. */
  readonly nameServer: string
  readonly #start: () => Promise<KilledBroker>
  #broker: KilledBroker | undefined
  #life = 0

  private constructor(nameServer: string, start: () => Promise<KilledBroker>) {
    this.nameServer = nameServer
    this.#start = start
  }

  static async start(directory: string, settings: readonly string[]): Promise<ReturningBroker> {
    const ports = { nameServer: await freePort(), broker: await freeBrokerPort() }
    const start = () => KilledBroker.start(directory, settings, { ports })
    const broker = new ReturningBroker(`127.0.0.1:${ports.nameServer}`, start)
    await broker.comeBack()
    return broker
  }

  /** How often it was killed. */
  get life(): number {
    return this.#life
  }

  /** The process of this life. @throws {Error} between two lives */
  get current(): KilledBroker {
    if (this.#broker === undefined) throw new Error('the broker is away')
    return this.#broker
  }

  async kill(): Promise<void> {
    const killed = this.current
    this.#broker = undefined
    this.#life += 1
    await killed.kill()
  }

  async comeBack(): Promise<void> {
    this.#broker = await this.#start()
  }

  [Symbol.dispose](): void {
    this.#broker?.end()
  }
}
