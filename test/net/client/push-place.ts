import { afterEach, beforeEach } from 'vitest'
import { PushConsumer } from '../../../net/client/push-consumer.ts'
import type { PushConsumerOptions } from '../../../net/client/push-consumer-options.ts'
import { FakeCluster, type FakePeer } from '../../helpers/fake-cluster.ts'
import { FakeMessageBroker } from '../../helpers/fake-message-broker.ts'

export const GROUP = 'tests'
export const RETRY = '%RETRY%tests'

/** A fake broker for each test, with topic `T` of two queues, and the consumers that it starts. */
export class PushPlace {
  cluster!: FakeCluster
  broker!: FakeMessageBroker
  readonly consumers: PushConsumer[] = []

  constructor() {
    beforeEach(() => this.#open())
    afterEach(() => this.#close())
  }

  get peer(): FakePeer {
    return this.broker.peer
  }

  async start(options: Partial<PushConsumerOptions> = {}): Promise<PushConsumer> {
    const consumer = await PushConsumer.start({
      nameServers: [this.cluster.nameServer.address],
      group: GROUP,
      subscriptions: { T: '*' },
      consumeFrom: 'first',
      onMessage: async () => 'success',
      ...options,
    })
    this.consumers.push(consumer)
    return consumer
  }

  /** Starts a consumer that collects the bodies of what it gets. */
  async collect(options: Partial<PushConsumerOptions> = {}): Promise<string[]> {
    const bodies: string[] = []
    await this.start({
      onMessage: async (messages) => {
        bodies.push(...messages.map(({ body }) => body.toString()))
        return 'success'
      },
      ...options,
    })
    return bodies
  }

  /** Stores messages in the first queue of `T`. */
  append(...bodies: string[]): void {
    for (const body of bodies) this.broker.append('T', 0, { body })
  }

  /** The offset that is stored for the first queue of `T`. */
  readonly committed = (): number | undefined => this.broker.committed(GROUP, 'T', 0)

  async #open(): Promise<void> {
    this.cluster = await FakeCluster.start('broker-a')
    this.broker = new FakeMessageBroker(this.cluster.brokers[0]!)
    this.cluster.setTopic('T', [{ broker: this.peer, count: 2 }])
    this.cluster.setTopic(RETRY, [{ broker: this.peer, count: 1 }])
  }

  async #close(): Promise<void> {
    for (const consumer of this.consumers.splice(0)) await consumer.close()
    await this.cluster[Symbol.asyncDispose]()
  }
}
