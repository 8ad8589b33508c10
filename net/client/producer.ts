import { Lifecycle } from '../../engine/base/lifecycle.ts'
import type { UniqueMessageIds } from '../../engine/format/message-id.ts'
import { ClientError } from './client-error.ts'
import { ClientInstance } from './client-instance.ts'
import type { BatchSendResult, Message, SendOptions, SendResult } from './message.ts'
import { messageIdsOf } from './message-ids.ts'
import type { MessageQueue } from './message-queue.ts'
import { queueKey } from './message-queue.ts'
import { MessageSender, type StoredReceipt } from './message-sender.ts'
import { prepareBatch, prepareMessage } from './outgoing-message.ts'
import { PeriodicTask } from './periodic-task.ts'
import {
  type ProducerConfig,
  type ProducerOptions,
  parseProducerOptions,
} from './producer-options.ts'
import { queueByHash } from './queue-choice.ts'

/** How often it is looked whether there are lost brokers to ask for (Java's fixed 3 s). */
const DETECTOR_INTERVAL_MS = 3_000

/**
 * Sends messages. Safe to use by any number of callers at the same time; each send is a request of
 * its own on a shared connection, so many in flight cost little.
 *
 * ```ts
 * await using producer = await Producer.start({ nameServers: ['127.0.0.1:9876'], group: 'orders' })
 * const { messageId } = await producer.send({ topic: 'Orders', body: 'paid', keys: '17' })
 * ```
 */
export class Producer extends Lifecycle {
  readonly #config: ProducerConfig
  readonly #instance: ClientInstance
  readonly #sender: MessageSender
  readonly #ids: UniqueMessageIds
  readonly #detector: PeriodicTask | undefined
  readonly #sending = new Set<Promise<unknown>>()

  private constructor(config: ProducerConfig) {
    super()
    this.#config = config
    this.#ids = messageIdsOf(config.clientIp)
    this.#instance = this.attach(
      new ClientInstance(config, {
        producerGroups: [config.group],
        leavesCalls: false,
        consumers: () => [],
        onRouteChange: () => undefined,
        handlerOf: () => undefined,
      }),
    )
    this.#sender = new MessageSender(this.#instance, config)
    if (config.sendLatencyFaultEnable && config.startDetectorEnable) {
      this.#detector = new PeriodicTask({
        name: 'search for lost brokers',
        intervalMs: DETECTOR_INTERVAL_MS,
        logger: config.logger,
        run: () => this.#sender.detectFaults(),
      })
    }
    this.markOpen()
  }

  /**
   * Starts a producer. No server is spoken to before the first send.
   * @throws {ClientError} `CLIENT_OPTION_INVALID`
   */
  static async start(options: ProducerOptions): Promise<Producer> {
    return new Producer(parseProducerOptions(options))
  }

  /** How the brokers know this producer: `ip@instanceName`. */
  get clientId(): string {
    return this.#instance.clientId
  }

  /**
   * Sends a message and resolves when a broker has stored it. Without selector or sharding key the
   * queues are taken in turn, and a failed send is tried again on other brokers.
   * @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL`, `CLIENT_TOPIC_NOT_FOUND`,
   *   `CLIENT_NAME_SERVER_UNREACHABLE`, `CLIENT_BROKER_NOT_FOUND`, `CLIENT_BROKER_UNREACHABLE`,
   *   `CLIENT_REQUEST_REFUSED`, `CLIENT_RESPONSE_INVALID`, `CLIENT_TIMEOUT`, `CLIENT_CLOSED`
   */
  send(message: Message, options: SendOptions = {}): Promise<SendResult> {
    return this.#track(() => this.#send(message, options))
  }

  /**
   * Sends a message without waiting for an answer: whether a broker stores it is never known.
   * Resolves when it is on its way.
   * @throws {ClientError} as {@link send}, as far as it can be known
   */
  sendOneway(message: Message, options: Omit<SendOptions, 'timeoutMs'> = {}): Promise<void> {
    return this.#track(() => this.#sendOneway(message, options))
  }

  /**
   * Sends messages of one topic in one request, to lie one behind the other in one queue: all are
   * stored, or none. They have the same `waitForStore` and no delay, together they have at most
   * `messageBytesMax`, and they are not compressed.
   * @throws {ClientError} as {@link send}
   */
  sendBatch(
    messages: readonly Message[],
    options: Omit<SendOptions, 'shardingKey'> = {},
  ): Promise<BatchSendResult> {
    return this.#track(() => this.#sendBatch(messages, options))
  }

  /**
   * The queues that messages to `topic` go to.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, `CLIENT_NAME_SERVER_UNREACHABLE`
   */
  fetchQueues(topic: string): Promise<readonly MessageQueue[]> {
    return this.#track(() => this.#sender.queuesOf(topic))
  }

  protected override async drain(): Promise<void> {
    await this.#detector?.stop()
    await Promise.allSettled(this.#sending)
  }

  protected override async abort(reason: Error): Promise<void> {
    await Promise.all([this.#detector?.stop(), this.#instance.destroy(reason)])
  }

  async #send(message: Message, options: SendOptions): Promise<SendResult> {
    const timeoutMs = options.timeoutMs ?? this.#config.sendTimeoutMs
    const outgoing = await this.#prepare(message, options)
    const queue = await this.#selectedQueue(message, options)
    const receipt =
      queue === undefined
        ? await this.#sender.send(outgoing, timeoutMs)
        : await this.#sender.sendTo(queue, outgoing, timeoutMs)
    return { messageId: outgoing.messageIds[0]!, ...receipt }
  }

  async #sendOneway(message: Message, options: SendOptions): Promise<void> {
    const outgoing = await this.#prepare(message, options)
    const queue = await this.#selectedQueue(message, options)
    await this.#sender.sendOnewayTo(
      queue ?? (await this.#sender.nextQueue(message.topic)),
      outgoing,
    )
  }

  async #sendBatch(messages: readonly Message[], options: SendOptions): Promise<BatchSendResult> {
    const timeoutMs = options.timeoutMs ?? this.#config.sendTimeoutMs
    const outgoing = prepareBatch(messages, this.#ids, this.#config)
    const queue = await this.#selectedQueue(messages[0]!, options)
    const receipt: StoredReceipt =
      queue === undefined
        ? await this.#sender.send(outgoing, timeoutMs)
        : await this.#sender.sendTo(queue, outgoing, timeoutMs)
    const { offsetMessageId, ...rest } = receipt
    return {
      messageIds: outgoing.messageIds,
      offsetMessageIds: offsetMessageId.split(','),
      ...rest,
    }
  }

  #prepare(message: Message, options: SendOptions): ReturnType<typeof prepareMessage> {
    return prepareMessage(message, options.shardingKey, this.#ids, this.#config)
  }

  /** The queue that the caller's selector or key chooses; undefined when there is neither. */
  async #selectedQueue(message: Message, options: SendOptions): Promise<MessageQueue | undefined> {
    const { selector, shardingKey } = options
    if (selector === undefined && shardingKey === undefined) return undefined
    if (selector !== undefined && shardingKey !== undefined) {
      throw new ClientError('CLIENT_OPTION_INVALID', 'both a selector and a sharding key are given')
    }
    const queues = await this.#sender.queuesOf(message.topic)
    if (selector === undefined) return queueByHash(queues, shardingKey!)
    const chosen = selector(queues, message)
    const known = queues.find((queue) => queueKey(queue) === queueKey(chosen))
    if (known !== undefined) return known
    throw new ClientError(
      'CLIENT_OPTION_INVALID',
      'the selector returned a queue of its own making',
    )
  }

  /** Runs `send` unless this is closing; a close waits for it. */
  async #track<T>(send: () => Promise<T>): Promise<T> {
    if (this.status !== 'open') throw new ClientError('CLIENT_CLOSED', 'the producer is closed')
    const sending = send()
    this.#sending.add(sending)
    try {
      return await sending
    } finally {
      this.#sending.delete(sending)
    }
  }
}
