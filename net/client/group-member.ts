import { assert } from '../../engine/base/assert.ts'
import { describeError } from '../../engine/base/errors.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import {
  CheckClientRequestBody,
  type ConsumerData,
  EXPRESSION_TYPE_TAG,
  type SubscriptionData,
} from '../protocol/heartbeat.ts'
import { encodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import { ClientInstance } from './client-instance.ts'
import type { ConsumerConfig } from './consumer-options.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import { OffsetStore } from './offset-store.ts'
import { PeriodicTask } from './periodic-task.ts'
import { PullClient, type PullOptions } from './pull-client.ts'
import { decodePulled } from './pulled-messages.ts'
import { QueueOffsets } from './queue-offsets.ts'
import { type PullSink, QueuePuller } from './queue-puller.ts'
import { Rebalancer } from './rebalancer.ts'
import { consumeFromWhereOf, startOffsetOf } from './start-offset.ts'
import { type Filter, subscriptionOf, wants } from './subscription.ts'

/** How a kind of consumer differs from the other. */
export interface GroupMemberOptions {
  readonly config: ConsumerConfig
  /** CONSUME_PASSIVELY (push) or CONSUME_ACTIVELY (pull). */
  readonly consumeType: string
  readonly producerGroups: readonly string[]
  readonly pull: Omit<PullOptions, 'group'>
  /** Whether each pull tells the broker how far the group has come. */
  readonly commitsWithPull: boolean
  /** Makes the place to which the messages of a queue go. */
  readonly openSink: (queue: MessageQueue, startOffset: number) => PullSink
}

/**
 * A member of a consumer group: its subscriptions, its share of the queues, and how far it has come
 * in them. What happens with the messages is the business of its owner.
 */
export class GroupMember extends Lifecycle {
  readonly instance: ClientInstance
  readonly store: OffsetStore
  readonly offsets: QueueOffsets
  readonly #options: GroupMemberOptions
  readonly #pullClient: PullClient
  readonly #rebalancer: Rebalancer
  readonly #persistTask: PeriodicTask
  readonly #subscriptions = new Map<string, SubscriptionData>()
  readonly #pullers = new Map<string, QueuePuller>()
  #lastVersion = 0

  constructor(options: GroupMemberOptions) {
    super()
    const { config } = options
    const { group } = config
    this.#options = options
    this.instance = this.attach(
      new ClientInstance(config, {
        producerGroups: options.producerGroups,
        leavesCalls: true,
        consumers: () => [this.#consumerData()],
        onRouteChange: (topic) => this.#routeChanged(topic),
        handlerOf: (code) => this.#handlerOf(code),
      }),
    )
    this.store = new OffsetStore(this.instance, group)
    this.offsets = new QueueOffsets(this.instance)
    this.#pullClient = new PullClient(this.instance, { group, ...options.pull })
    this.#rebalancer = new Rebalancer({
      instance: this.instance,
      group,
      intervalMs: config.rebalanceIntervalMs,
      topics: () => [...this.#subscriptions.keys()],
      // A topic may have been given up since the round began.
      assign: (topic, share) =>
        this.#assignTopic(topic, this.#subscriptions.has(topic) ? share : []),
    })
    this.#persistTask = new PeriodicTask({
      name: 'storing of offsets',
      intervalMs: config.persistIntervalMs,
      logger: config.logger,
      run: () => this.store.persistAll(),
    })
    this.markOpen()
  }

  get subscriptions(): ReadonlyMap<string, SubscriptionData> {
    return this.#subscriptions
  }

  /** The queues that are pulled at the moment. */
  get assigned(): readonly MessageQueue[] {
    return [...this.#pullers.values()].map(({ queue }) => queue)
  }

  sinkOf(queue: MessageQueue): PullSink | undefined {
    return this.#pullers.get(queueKey(queue))?.sink
  }

  /**
   * Subscribes to topics, tells the brokers, and takes a share of their queues.
   * @throws {ClientError} `CLIENT_SUBSCRIPTION_INVALID`, `CLIENT_NAME_SERVER_UNREACHABLE`, and
   *   `CLIENT_REQUEST_REFUSED` when a broker does not support a filter
   */
  async subscribe(filters: ReadonlyMap<string, Filter>): Promise<void> {
    const added = [...filters].map(([topic, filter]) =>
      subscriptionOf(topic, filter, this.#nextVersion()),
    )
    for (const subscription of added) {
      await this.instance.routes.refresh(subscription.topic)
      await this.#checkFilter(subscription)
    }
    for (const subscription of added) this.#subscriptions.set(subscription.topic, subscription)
    await this.instance.heartbeat()
    await this.#rebalancer.runNow()
  }

  /** Gives up a topic and its queues. */
  async unsubscribe(topic: string): Promise<void> {
    this.#subscriptions.delete(topic)
    await this.#assignTopic(topic, [])
    this.instance.routes.forget(topic)
    await this.instance.heartbeat()
  }

  /**
   * Pulls exactly these queues, without sharing them with the group.
   * @throws {ClientError} the failure to find out where to begin in one of them
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    const wanted = new Set(queues.map(queueKey))
    const lost = this.assigned.filter((queue) => !wanted.has(queueKey(queue)))
    await Promise.all(lost.map((queue) => this.#give(queue)))
    await Promise.all(queues.map((queue) => this.#take(queue)))
  }

  /** Pulls an assigned queue from another offset on; what was pulled before is dropped. */
  restart(queue: MessageQueue, offset: number): void {
    const puller = this.#pullers.get(queueKey(queue))
    assert(puller !== undefined, 'only an assigned queue is restarted')
    puller.close()
    this.#startPuller(queue, offset)
  }

  /** Asks for no more messages; what was pulled can still be worked on. */
  async stopPulling(): Promise<void> {
    await this.#rebalancer.stop()
    for (const puller of this.#pullers.values()) puller.stop()
  }

  protected override async drain(): Promise<void> {
    await this.stopPulling()
    await this.#persistTask.stop()
    await this.store.persistAll()
    for (const puller of this.#pullers.values()) puller.close()
  }

  protected override async abort(reason: Error): Promise<void> {
    for (const puller of this.#pullers.values()) puller.close()
    await this.instance.destroy(reason)
    await Promise.all([this.#rebalancer.stop(), this.#persistTask.stop()])
  }

  #consumerData(): ConsumerData {
    const { config, consumeType } = this.#options
    return {
      consumeFromWhere: consumeFromWhereOf(config.consumeFrom),
      consumeType,
      groupName: config.group,
      messageModel: 'CLUSTERING',
      subscriptionDataSet: [...this.#subscriptions.values()],
      unitMode: false,
    }
  }

  /** Two subscriptions of the same millisecond are told apart too. */
  #nextVersion(): number {
    this.#lastVersion = Math.max(Date.now(), this.#lastVersion + 1)
    return this.#lastVersion
  }

  #routeChanged(topic: string): void {
    if (this.#subscriptions.has(topic)) this.#rebalancer.trigger()
  }

  #handlerOf(code: number): RequestHandler | undefined {
    if (code !== RequestCode.NOTIFY_CONSUMER_IDS_CHANGED) return undefined
    return (request: RemotingCommand) => {
      const group = request.extFields.get('consumerGroup')
      if (group === this.#options.config.group) this.#rebalancer.trigger()
      return undefined
    }
  }

  /** Brokers that cannot filter so say it here, and not only with every pull. */
  async #checkFilter(subscriptionData: SubscriptionData): Promise<void> {
    if (subscriptionData.expressionType === EXPRESSION_TYPE_TAG) return
    const [broker] = this.instance.routes.brokersOf(subscriptionData.topic)
    if (broker === undefined) return
    const { clientId } = this.instance
    const { group } = this.#options.config
    const body = encodeBody(CheckClientRequestBody, {
      clientId,
      group,
      namespace: undefined,
      subscriptionData,
    })
    const request = createRequest(RequestCode.CHECK_CLIENT_CONFIG, { body })
    await this.instance.invokeChecked(broker.address, request)
  }

  async #assignTopic(topic: string, share: readonly MessageQueue[]): Promise<boolean> {
    const wanted = new Set(share.map(queueKey))
    const lost = this.assigned.filter(
      (queue) => queue.topic === topic && !wanted.has(queueKey(queue)),
    )
    await Promise.all(lost.map((queue) => this.#give(queue)))
    const results = await Promise.all(share.map((queue) => this.#tryTake(queue)))
    return results.every((isTaken) => isTaken)
  }

  async #tryTake(queue: MessageQueue): Promise<boolean> {
    try {
      await this.#take(queue)
      return true
    } catch (error) {
      const { logger } = this.#options.config
      logger.warn(`cannot begin with ${queueKey(queue)}: ${describeError(error)}`)
      return false
    }
  }

  async #take(queue: MessageQueue): Promise<void> {
    if (this.#pullers.has(queueKey(queue))) return
    const { consumeFrom } = this.#options.config
    const offset = await startOffsetOf(queue, consumeFrom, this.store, this.offsets)
    if (this.status !== 'open' || this.#pullers.has(queueKey(queue))) return
    this.#startPuller(queue, offset)
  }

  async #give(queue: MessageQueue): Promise<void> {
    const puller = this.#pullers.get(queueKey(queue))
    if (puller === undefined) return
    puller.close()
    this.#pullers.delete(queueKey(queue))
    await this.store.persist(queue)
    this.store.remove(queue)
    this.#pullClient.forget(queue)
  }

  #startPuller(queue: MessageQueue, startOffset: number): void {
    const { commitsWithPull, config, openSink } = this.#options
    const puller = new QueuePuller({
      queue,
      startOffset,
      sink: openSink(queue, startOffset),
      logger: config.logger,
      pull: (offset) => {
        const commitOffset = commitsWithPull ? this.store.get(queue) : undefined
        const subscription = this.#subscriptionTo(queue.topic)
        return this.#pullClient.pull(queue, subscription, { offset, commitOffset })
      },
      decode: (body) => {
        const subscription = this.#subscriptionTo(queue.topic)
        return decodePulled(body, queue, (tags) => wants(subscription, tags))
      },
      onUnknown: () => this.instance.heartbeat(),
    })
    this.#pullers.set(queueKey(queue), puller)
  }

  /** Everything, for queues that were assigned without a subscription. */
  #subscriptionTo(topic: string): SubscriptionData {
    return this.#subscriptions.get(topic) ?? subscriptionOf(topic, '*', 0)
  }
}
