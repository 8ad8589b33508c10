import { Lifecycle } from '../../engine/base/lifecycle.ts'
import type { ConsumeMessageDirectlyResult } from '../protocol/consumer-running-info.ts'
import {
  CheckClientRequestBody,
  type ConsumerData,
  EXPRESSION_TYPE_TAG,
  type SubscriptionData,
} from '../protocol/heartbeat.ts'
import { encodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { AssignedQueues } from './assigned-queues.ts'
import { ClientInstance } from './client-instance.ts'
import { ConsumeStats } from './consume-stats.ts'
import type { ConsumerConfig } from './consumer-options.ts'
import { consumerRequestHandler } from './consumer-requests.ts'
import { FilterHooks } from './hook-calls.ts'
import { LocalOffsetStore } from './local-offset-store.ts'
import { MemberAnswers } from './member-answers.ts'
import type { MessageQueue } from './message-queue.ts'
import { unwrapMessage } from './namespace.ts'
import type { OffsetStore } from './offset-store.ts'
import { PeriodicTask } from './periodic-task.ts'
import { PullClient, type PullOptions } from './pull-client.ts'
import { QueueLocks } from './queue-locks.ts'
import { QueueOffsets } from './queue-offsets.ts'
import type { PullSink } from './queue-puller.ts'
import { Rebalancer } from './rebalancer.ts'
import { RemoteOffsetStore } from './remote-offset-store.ts'
import { consumeFromWhereOf, startOffsetOf } from './start-offset.ts'
import { type Filter, subscriptionOf } from './subscription.ts'

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
  /** What administrators are told of it, by Java's names, besides what all consumers tell. */
  readonly properties: ReadonlyMap<string, string>
  /** Consumes the message in a record, whatever the offsets are, where there is a listener. */
  readonly consumeDirectly?: (
    record: Buffer,
    brokerName: string,
  ) => Promise<ConsumeMessageDirectlyResult | undefined>
  /** Set where one member alone may have a queue. */
  readonly order?: OrderOptions | undefined
}

/** How queues are kept from being consumed by two members. */
export interface OrderOptions {
  /** How often locks are renewed, in milliseconds. */
  readonly lockIntervalMs: number
  /** Whether a message of the queue is being consumed: it stays locked then. */
  readonly isBusy: (queue: MessageQueue) => boolean
}

/** How long a close waits for queues that are given up at that time, in milliseconds. */
const SETTLE_TIMEOUT_MS = 1_000

/**
 * A member of a consumer group: its subscriptions, its share of the queues, and how far it has come
 * in them. What happens with the messages is the business of its owner.
 */
export class GroupMember extends Lifecycle {
  readonly instance: ClientInstance
  readonly store: OffsetStore
  readonly offsets: QueueOffsets
  readonly queues: AssignedQueues
  readonly stats = new ConsumeStats(Date.now)
  /** The locks of the queues, where they are needed. */
  readonly locks: QueueLocks | undefined
  readonly #options: GroupMemberOptions
  readonly #answers: MemberAnswers
  readonly #rebalancer: Rebalancer
  readonly #persistTask: PeriodicTask
  readonly #subscriptions = new Map<string, SubscriptionData>()
  #lastVersion = 0

  constructor(options: GroupMemberOptions) {
    super()
    const { config } = options
    const { group } = config
    this.#options = options
    this.#answers = new MemberAnswers(this, options)
    this.instance = this.attach(
      new ClientInstance(config, {
        producerGroups: options.producerGroups,
        leavesCalls: true,
        consumers: () => [this.#consumerData()],
        onRouteChange: (topic) => this.#routeChanged(topic),
        onConnectionLost: (brokerName) => this.locks?.doubt(brokerName),
        handlerOf: (code) => consumerRequestHandler(this.#answers, code),
      }),
    )
    this.store = openStore(this.instance, config, (queue) => this.locks?.isHeld(queue) ?? true)
    this.offsets = new QueueOffsets(this.instance)
    this.locks = options.order === undefined ? undefined : this.#openLocks(options.order)
    const filters = new FilterHooks(config.filterHooks, config.logger)
    this.queues = new AssignedQueues({
      store: this.store,
      pullClient: new PullClient(this.instance, { group, ...options.pull }),
      locks: this.locks,
      logger: config.logger,
      commitsWithPull: options.commitsWithPull,
      stats: this.stats,
      openSink: options.openSink,
      startOffsetOf: (queue) => startOffsetOf(queue, config.consumeFrom, this.store, this.offsets),
      subscriptionTo: (topic) => this.#subscriptionTo(topic),
      isWanted: filters.isEmpty
        ? undefined
        : (message) => filters.wants(unwrapMessage(config.namespace, message), group),
      onUnknown: () => this.instance.heartbeat(),
      onFree: () => this.rebalance(),
    })
    this.#rebalancer = new Rebalancer({
      instance: this.instance,
      group,
      intervalMs: config.rebalanceIntervalMs,
      strategy: config.allocateStrategy,
      isShared: config.messageModel === 'clustering',
      topics: () => [...this.#subscriptions.keys()],
      // A topic may have been given up since the round began.
      assign: (topic, share) =>
        this.queues.setTopic(topic, this.#subscriptions.has(topic) ? share : []),
    })
    this.#persistTask = new PeriodicTask({
      name: 'storing of offsets',
      intervalMs: config.persistIntervalMs,
      logger: config.logger,
      run: () => this.store.persistAll(),
    })
    this.markOpen()
  }

  get subscriptions(): readonly SubscriptionData[] {
    return [...this.#subscriptions.values()]
  }

  /** Divides the queues anew, at once. */
  rebalance(): void {
    this.#rebalancer.trigger()
  }

  /** Reads what is kept on this side. @throws {ClientError} `CLIENT_OFFSET_FILE_UNREADABLE` */
  async load(): Promise<void> {
    await this.store.load()
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
    await this.queues.setTopic(topic, [])
    this.stats.forget(topic)
    this.instance.routes.forget(topic)
    await this.instance.heartbeat()
  }

  /** Asks for no more messages; what was pulled can still be worked on. */
  async stopPulling(): Promise<void> {
    await this.#rebalancer.stop()
    this.queues.stop()
  }

  protected override async drain(): Promise<void> {
    await this.stopPulling()
    await Promise.all([this.#persistTask.stop(), this.locks?.stop()])
    await this.queues.settled(SETTLE_TIMEOUT_MS)
    await this.store.persistAll()
    await this.#unlockAll()
    this.queues.close()
  }

  protected override async abort(reason: Error): Promise<void> {
    this.queues.close()
    await this.instance.destroy(reason)
    await Promise.all([this.#rebalancer.stop(), this.#persistTask.stop(), this.locks?.stop()])
  }

  #openLocks(order: OrderOptions): QueueLocks {
    return new QueueLocks({
      instance: this.instance,
      group: this.#options.config.group,
      intervalMs: order.lockIntervalMs,
      onLost: (queue) => {
        this.queues.drop(queue)
        this.rebalance()
      },
      onRegained: (queue) => this.queues.renew(queue),
    })
  }

  /** A queue whose listener does not come to an end stays locked, as long as brokers keep it so. */
  async #unlockAll(): Promise<void> {
    const { order } = this.#options
    if (order === undefined) return
    await this.locks?.unlock(this.queues.list.filter((queue) => !order.isBusy(queue)))
  }

  #consumerData(): ConsumerData {
    const { config, consumeType } = this.#options
    return {
      consumeFromWhere: consumeFromWhereOf(config.consumeFrom),
      consumeType,
      groupName: config.group,
      messageModel: config.messageModel === 'clustering' ? 'CLUSTERING' : 'BROADCASTING',
      subscriptionDataSet: [...this.subscriptions],
      unitMode: false,
    }
  }

  /** Two subscriptions of the same millisecond are told apart too. */
  #nextVersion(): number {
    this.#lastVersion = Math.max(Date.now(), this.#lastVersion + 1)
    return this.#lastVersion
  }

  #routeChanged(topic: string): void {
    if (this.#subscriptions.has(topic)) this.rebalance()
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
    await this.instance.brokers.invokeChecked(broker.address, request)
  }

  /** Everything, for queues that were assigned without a subscription. */
  #subscriptionTo(topic: string): SubscriptionData {
    return this.#subscriptions.get(topic) ?? subscriptionOf(topic, '*', 0)
  }
}

function openStore(
  instance: ClientInstance,
  config: ConsumerConfig,
  isHeld: (queue: MessageQueue) => boolean,
): OffsetStore {
  const { group, logger, messageModel, offsetFolder } = config
  if (messageModel === 'clustering') return new RemoteOffsetStore(instance, group, isHeld)
  return new LocalOffsetStore({ folder: offsetFolder, clientId: instance.clientId, group }, logger)
}
