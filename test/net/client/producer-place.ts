import { afterEach, beforeEach } from 'vitest'
import { Producer } from '../../../net/client/producer.ts'
import type { ProducerOptions } from '../../../net/client/producer-options.ts'
import { FakeCluster } from '../../helpers/fake-cluster.ts'

/** Fake brokers for each test, and the producers that it starts. */
export class ProducerPlace {
  cluster!: FakeCluster
  readonly #brokerNames: readonly string[]
  readonly #defaults: Partial<ProducerOptions>
  readonly #producers: Producer[] = []

  /** @param defaults what producers are started with unless a test says otherwise */
  constructor(brokerNames: readonly string[], defaults: Partial<ProducerOptions> = {}) {
    this.#brokerNames = brokerNames
    this.#defaults = defaults
    beforeEach(() => this.#open())
    afterEach(() => this.#close())
  }

  async start(options: Partial<ProducerOptions> = {}): Promise<Producer> {
    const nameServers = [this.cluster.nameServer.address]
    const own = { nameServers, group: 'tests', ...this.#defaults, ...options }
    const producer = await Producer.start(own)
    this.#producers.push(producer)
    return producer
  }

  async #open(): Promise<void> {
    this.cluster = await FakeCluster.start(...this.#brokerNames)
  }

  async #close(): Promise<void> {
    for (const producer of this.#producers.splice(0)) await producer.close()
    await this.cluster[Symbol.asyncDispose]()
  }
}
