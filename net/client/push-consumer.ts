import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { ConcurrentConsumption } from './concurrent-consumption.ts'
import { consumeDirectly } from './consume-directly.ts'
import type { Consumption } from './consumption.ts'
import { DropFailed } from './drop-failed.ts'
import { GroupMember, type OrderOptions } from './group-member.ts'
import { ListenerCalls } from './listener-calls.ts'
import type { MessageQueue } from './message-queue.ts'
import { unwrapQueue, wrapNamespace } from './namespace.ts'
import { OrderlyConsumption } from './orderly-consumption.ts'
import type { QueueLimits } from './process-queue.ts'
import {
  type PushConsumerConfig,
  type PushConsumerOptions,
  parsePushConsumerOptions,
  pushPropertiesOf,
  reconsumeTimesMaxOf,
  UNLIMITED,
} from './push-consumer-options.ts'
import { PushQueue } from './push-queue.ts'
import { retryTopicOf } from './resource-name.ts'
import { INNER_PRODUCER_GROUP, SendBack } from './send-back.ts'
import type { Filter } from './subscription.ts'
import { openConsumeHooks } from './trace/consumer-trace.ts'

/** How long a broker may hold a pull back, and how long its answer may take, in milliseconds
 *  (Java: BROKER_SUSPEND_MAX_TIME_MILLIS, CONSUMER_TIMEOUT_MILLIS_WHEN_SUSPEND). */
const SUSPEND_MS = 15_000
const PULL_TIMEOUT_MS = 30_000

/**
 * Gets the messages of its topics as they come, together with the other consumers of its group:
 * each message goes to one of them, at least once. What a listener fails to handle comes back
 * later.
 *
 * ```ts
 * await using consumer = await PushConsumer.start({
 *   nameServers: ['127.0.0.1:9876'],
 *   group: 'billing',
 *   subscriptions: { Orders: 'paid || refunded' },
 *   onMessage: async ([message]) => {
 *     await book(message.body)
 *     return 'success'
 *   },
 * })
 * ```
 */
export class PushConsumer extends Lifecycle {
  readonly #config: PushConsumerConfig
  readonly #member: GroupMember
  readonly #calls: ListenerCalls
  readonly #consumption: Consumption

  private constructor(config: PushConsumerConfig) {
    super()
    this.#config = config
    this.#member = this.attach(
      new GroupMember({
        config,
        consumeType: 'CONSUME_PASSIVELY',
        producerGroups: [INNER_PRODUCER_GROUP],
        commitsWithPull: config.messageModel === 'clustering',
        pull: {
          isLite: false,
          messageCountMax: config.pullCountMax,
          messageBytesMax: config.pullBytesMax,
          suspendMs: SUSPEND_MS,
          timeoutMs: PULL_TIMEOUT_MS,
        },
        openSink: (queue, startOffset) => this.#openQueue(queue, startOffset),
        properties: pushPropertiesOf(config),
        consumeDirectly: (record, brokerName) =>
          consumeDirectly(this.#calls, { record, brokerName, isOrderly: this.#isOrderly }),
        order: this.#orderOptions(),
      }),
    )
    const { consumeTimeoutMs, group, logger, namespace, onMessage } = config
    const { hooks, trace } = openConsumeHooks(config)
    if (trace !== undefined) this.attach(trace)
    this.#calls = new ListenerCalls({
      group,
      namespace,
      onMessage,
      isOrderly: this.#isOrderly,
      consumeTimeoutMs,
      stats: this.#member.stats,
      hooks,
      logger,
    })
    this.#consumption = this.#openConsumption()
    this.markOpen()
  }

  /**
   * Joins the group and resolves when a first share of the queues is found. Topics need not exist
   * yet.
   * @throws {ClientError} `CLIENT_OPTION_INVALID`, `CLIENT_SUBSCRIPTION_INVALID`,
   *   `CLIENT_NAME_SERVER_UNREACHABLE`, `CLIENT_OFFSET_FILE_UNREADABLE`, and
   *   `CLIENT_REQUEST_REFUSED` when a broker does not support a filter
   */
  static async start(options: PushConsumerOptions): Promise<PushConsumer> {
    const config = parsePushConsumerOptions(options)
    const consumer = new PushConsumer(config)
    const filters = new Map<string, Filter>(
      Object.entries(config.subscriptions).map(([topic, filter]) => [
        wrapNamespace(config.namespace, topic),
        filter,
      ]),
    )
    // What a broadcasting consumer fails to handle does not come back.
    if (config.messageModel === 'clustering') filters.set(retryTopicOf(config.group), '*')
    try {
      await consumer.#member.load()
      await consumer.#member.subscribe(filters)
    } catch (error) {
      await consumer.close()
      throw error
    }
    return consumer
  }

  /** How the brokers know this consumer: `ip@instanceName`. */
  get clientId(): string {
    return this.#member.instance.clientId
  }

  /** The queues that this consumer has at the moment, its group's retry queues included. */
  get assigned(): readonly MessageQueue[] {
    const { namespace } = this.#config
    return this.#member.queues.list.map((queue) => unwrapQueue(namespace, queue))
  }

  /**
   * Consumes one more topic, or the same topic with another filter.
   * @throws {ClientError} as {@link start}
   */
  subscribe(topic: string, filter: Filter = '*'): Promise<void> {
    return this.#member.subscribe(new Map([[wrapNamespace(this.#config.namespace, topic), filter]]))
  }

  /** Consumes a topic no more. */
  unsubscribe(topic: string): Promise<void> {
    return this.#member.unsubscribe(wrapNamespace(this.#config.namespace, topic))
  }

  /** Pulls no more until {@link resume}; what was pulled is still consumed, and this consumer keeps
   *  its share of the queues. RocketMQ: `DefaultMQPushConsumer.suspend`. */
  pause(): void {
    this.#member.queues.pauses.pauseAll()
  }

  /** Ends a {@link pause}. */
  resume(): void {
    this.#member.queues.pauses.resumeAll()
  }

  protected override async drain(): Promise<void> {
    await this.#member.stopPulling()
    await this.#consumption.end(this.#config.closeTimeoutMs)
  }

  protected override async abort(reason: Error): Promise<void> {
    await this.#member.destroy(reason)
    await this.#consumption.end(0)
  }

  get #isOrderly(): boolean {
    return this.#config.consumeMode === 'orderly'
  }

  /** The consumer's bounds are shared evenly by its queues, so that a stuck one starves no other
   *  (Java: RebalancePushImpl.messageQueueChanged). */
  #limits(): QueueLimits {
    const { queueBytesMax, queueCountMax, queueSpanMax } = this.#config
    const { totalBytesMax, totalCountMax } = this.#config
    const queueCount = Math.max(1, this.#member.queues.list.length)
    const shareOf = (total: number): number =>
      total === UNLIMITED ? Number.MAX_SAFE_INTEGER : Math.max(1, Math.floor(total / queueCount))
    return {
      countMax: Math.min(queueCountMax, shareOf(totalCountMax)),
      bytesMax: Math.min(queueBytesMax, shareOf(totalBytesMax)),
      // In order nothing is done before what lies in front of it: the span says nothing new.
      spanMax: this.#isOrderly ? Number.MAX_SAFE_INTEGER : queueSpanMax,
    }
  }

  /** A queue of a broadcasting group is everyone's. */
  #orderOptions(): OrderOptions | undefined {
    const { lockIntervalMs, messageModel } = this.#config
    if (!this.#isOrderly || messageModel === 'broadcasting') return undefined
    return {
      lockIntervalMs,
      isBusy: (queue) =>
        this.#consumption instanceof OrderlyConsumption && this.#consumption.isBusy(queue),
    }
  }

  #openConsumption(): Consumption {
    const { batchSizeMax, consumeConcurrency, logger, suspendMs } = this.#config
    const { locks } = this.#member
    const failed = this.#openFailedMessages()
    const common = {
      calls: this.#calls,
      concurrency: consumeConcurrency,
      batchSizeMax,
      logger,
    }
    if (!this.#isOrderly) {
      return new ConcurrentConsumption({
        ...common,
        consumeTimeoutMs: this.#config.consumeTimeoutMs,
        sendBack: (pulled, delayLevel) => failed.send(pulled, delayLevel),
      })
    }
    return new OrderlyConsumption({
      ...common,
      suspendMs,
      reconsumeTimesMax: reconsumeTimesMaxOf(this.#config),
      isHeld: (queue) => locks?.isHeld(queue) ?? true,
      handOver: (pulled) => failed.sendAsNew(pulled),
    })
  }

  #openFailedMessages(): Pick<SendBack, 'send' | 'sendAsNew'> {
    const { group, logger, messageModel } = this.#config
    if (messageModel === 'broadcasting') return new DropFailed(logger)
    const reconsumeTimesMax = reconsumeTimesMaxOf(this.#config)
    return new SendBack(this.#member.instance, { group, reconsumeTimesMax })
  }

  #openQueue(queue: MessageQueue, startOffset: number): PushQueue {
    return new PushQueue({
      queue,
      startOffset,
      limits: () => this.#limits(),
      consumption: this.#consumption,
      onProgress: (offset) => this.#member.store.set(queue, offset),
    })
  }
}
