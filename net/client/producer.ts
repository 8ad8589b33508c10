import { Lifecycle } from '../../engine/base/lifecycle.ts'
import type { UniqueMessageIds } from '../../engine/format/message-id.ts'
import { AutoBatch } from './auto-batch.ts'
import { type SendPart, sendParts, splitBatch } from './batch-split.ts'
import { ClientError } from './client-error.ts'
import { ClientInstance } from './client-instance.ts'
import type {
  BatchSendResult,
  Message,
  ReceivedMessage,
  SendOptions,
  SendResult,
} from './message.ts'
import { messageIdsOf } from './message-ids.ts'
import { MessageQuery, type QueryOptions } from './message-query.ts'
import type { MessageQueue } from './message-queue.ts'
import { queueKey } from './message-queue.ts'
import { MessageSender } from './message-sender.ts'
import { unwrapMessage, unwrapQueue, wrapNamespace, wrapQueue } from './namespace.ts'
import { type OutgoingMessage, prepareBatchEntries, prepareMessage } from './outgoing-message.ts'
import { PeriodicTask } from './periodic-task.ts'
import {
  type ProducerConfig,
  type ProducerOptions,
  parseProducerOptions,
} from './producer-options.ts'
import { queueByHash } from './queue-choice.ts'
import { QueueOffsets } from './queue-offsets.ts'
import { toClientError } from './remote-failure.ts'
import { PendingReplies, type ReplyMessage, type RequestOptions } from './request-reply.ts'
import { SendGate } from './send-gate.ts'
import { TraceDispatcher } from './trace/trace-dispatcher.ts'
import { sendTraceHook } from './trace/trace-hooks.ts'
import { WorkInProgress } from './work-in-progress.ts'

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
  readonly #offsets: QueueOffsets
  readonly #query: MessageQuery
  readonly #gate: SendGate
  readonly #autoBatch: AutoBatch | undefined
  readonly #detector: PeriodicTask | undefined
  readonly #replies: PendingReplies
  readonly #sending = new WorkInProgress()
  readonly #onSent = (): void => this.#sending.end()

  private constructor(config: ProducerConfig) {
    super()
    this.#config = config
    this.#ids = messageIdsOf(config.clientIp)
    this.#replies = new PendingReplies(config.logger)
    this.#instance = this.attach(
      new ClientInstance(config, {
        producerGroups: [config.group],
        leavesCalls: false,
        consumers: () => [],
        onRouteChange: () => undefined,
        handlerOf: (code) => this.#replies.handlerOf(code),
      }),
    )
    this.#sender = new MessageSender(this.#instance, this.#openTrace(config))
    this.#gate = new SendGate({
      countMax: config.sendsInFlightMax,
      bytesMax: config.sendBytesInFlightMax,
    })
    this.#offsets = new QueueOffsets(this.#instance)
    this.#query = new MessageQuery(this.#instance)
    if (config.autoBatch) this.#autoBatch = this.#openAutoBatch()
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
    if (this.#autoBatch === undefined) return this.#track(() => this.#send(message, options))
    return this.#track(async () => {
      return this.#gathered(message, options) ?? this.#send(message, options)
    })
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
   * Sends messages of one topic, in as few requests as `messageBytesMax` allows, one after the
   * other; returns where each part is stored. The messages of a part lie one behind the other in
   * one queue, and are stored together or not at all. They have one `waitForStore` and no delay,
   * and are not compressed. With a selector or a queue, all parts go to the same queue; else the
   * queues are taken in turn.
   *
   * Before anything is sent every message is checked. A part that fails ends the batch: the error's
   * `batchesStored` says what is stored of it.
   * @throws {ClientError} as {@link send}
   */
  sendBatch(
    messages: readonly Message[],
    options: Omit<SendOptions, 'shardingKey'> = {},
  ): Promise<readonly BatchSendResult[]> {
    return this.#track(() => this.#sendBatch(messages, options))
  }

  /**
   * Sends a message and resolves with the reply that one of its consumers makes with `createReply`
   * and sends. Many requests may wait at the same time, each for its own reply.
   * RocketMQ: `DefaultMQProducer.request`.
   * @throws {ClientError} `CLIENT_REPLY_TIMEOUT` when no reply came in time,
   *   `CLIENT_BODY_UNREADABLE` when the reply cannot be decompressed, and as {@link send}
   */
  request(message: Message, options: RequestOptions = {}): Promise<ReplyMessage> {
    return this.#track(() => this.#request(message, options))
  }

  /**
   * The queues that messages to `topic` go to.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, `CLIENT_NAME_SERVER_UNREACHABLE`
   */
  fetchQueues(topic: string): Promise<readonly MessageQueue[]> {
    return this.#track(() => this.#queuesOf(topic))
  }

  /**
   * The offset that the next message of `queue` will get.
   * @throws {ClientError} of every kind of request
   */
  maxOffset(queue: MessageQueue): Promise<number> {
    return this.#track(async () => this.#offsets.max(this.#wrapped(queue)))
  }

  /** The offset of the oldest message of `queue`. @throws {ClientError} of every kind of request */
  minOffset(queue: MessageQueue): Promise<number> {
    return this.#track(async () => this.#offsets.min(this.#wrapped(queue)))
  }

  /**
   * The offset of the first message of `queue` that was stored at `timestampMs` (since 1970) or
   * later, or the end of the queue (Java: `searchOffset`).
   * @throws {ClientError} of every kind of request
   */
  searchOffset(queue: MessageQueue, timestampMs: number): Promise<number> {
    return this.#track(async () => this.#offsets.atTime(this.#wrapped(queue), timestampMs))
  }

  /**
   * When the oldest message of `queue` was stored, in ms since 1970; undefined when it is empty
   * (Java: `earliestMsgStoreTime`).
   * @throws {ClientError} of every kind of request
   */
  earliestStoreTime(queue: MessageQueue): Promise<number | undefined> {
    return this.#track(async () => this.#offsets.earliestStoreTime(this.#wrapped(queue)))
  }

  /**
   * The message of `topic` with this offset message id or unique id; undefined when there is none
   * (any more).
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, `CLIENT_BODY_UNREADABLE`, and of every kind of
   *   request
   */
  viewMessage(topic: string, id: string): Promise<ReceivedMessage | undefined> {
    const { namespace } = this.#config
    return this.#track(async () => {
      const message = await this.#query.view(wrapNamespace(namespace, topic), id)
      return message === undefined ? undefined : unwrapMessage(namespace, message)
    })
  }

  /**
   * The messages of `topic` with this key, oldest first. Brokers that fail are left out, with a
   * warning, as long as one answers.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, `CLIENT_OPTION_INVALID`,
   *   `CLIENT_BODY_UNREADABLE`, and of every kind of request when no broker answers
   */
  queryMessages(
    topic: string,
    key: string,
    options: QueryOptions = {},
  ): Promise<readonly ReceivedMessage[]> {
    const { namespace } = this.#config
    return this.#track(async () => {
      const found = await this.#query.byKey(wrapNamespace(namespace, topic), key, options)
      return found.map((message) => unwrapMessage(namespace, message))
    })
  }

  protected override async drain(): Promise<void> {
    this.#autoBatch?.flush()
    await this.#detector?.stop()
    await this.#sending.ended()
  }

  protected override async abort(reason: Error): Promise<void> {
    this.#replies.abort(reason)
    await Promise.all([this.#detector?.stop(), this.#instance.destroy(reason)])
    // What still waited for others hears now that it will not be sent.
    this.#autoBatch?.flush()
  }

  /** What needs no wait gets none: each costs a promise, and a turn of the queue of callbacks. */
  #send(message: Message, options: SendOptions): Promise<SendResult> {
    const prepared = this.#prepare(message, options)
    if (prepared instanceof Promise || isSelected(options)) {
      return this.#sendPrepared(prepared, message, options)
    }
    return this.#sendTo(undefined, prepared, options.timeoutMs ?? this.#config.sendTimeoutMs)
  }

  async #sendPrepared(
    prepared: ReturnType<typeof prepareMessage>,
    message: Message,
    options: SendOptions,
  ): Promise<SendResult> {
    const outgoing = await prepared
    const queue = isSelected(options) ? await this.#selectedQueue(message, options) : undefined
    return this.#sendTo(queue, outgoing, options.timeoutMs ?? this.#config.sendTimeoutMs)
  }

  /** The send of a message that waits for others; undefined for one that is sent alone. */
  #gathered(message: Message, options: SendOptions): Promise<SendResult> | undefined {
    const { queue, selector, shardingKey, timeoutMs } = options
    const isPlain = selector === undefined && shardingKey === undefined && timeoutMs === undefined
    if (!isPlain || (queue !== undefined && queue.topic !== message.topic)) return undefined
    return this.#autoBatch?.add(message, queue)
  }

  #openAutoBatch(): AutoBatch {
    const config = this.#config
    return new AutoBatch({
      delayMs: config.autoBatchDelayMs,
      batchBytes: config.autoBatchBytes,
      totalBytes: config.autoBatchTotalBytes,
      compressFromBytes: config.compressFromBytes,
      prepare: (message) => prepareBatchEntries([message], this.#ids, config)[0]!,
      split: (entries) => splitBatch(entries, config.messageBytesMax),
      send: async (entries, first, queue) => {
        const send: SendPart = (part, leftMs) => this.#sendTo(queue, part, leftMs)
        const [stored] = await sendParts([entries], {
          first,
          timeoutMs: config.sendTimeoutMs,
          send,
        })
        return stored!
      },
    })
  }

  async #request(message: Message, options: RequestOptions): Promise<ReplyMessage> {
    const timeoutMs = options.timeoutMs ?? this.#config.sendTimeoutMs
    return this.#replies.ask(message, this.clientId, timeoutMs, async (request) => {
      // Any broker of the topic may be the one that the reply comes through.
      const topic = wrapNamespace(this.#config.namespace, message.topic)
      if (this.#instance.routes.get(topic) === undefined) {
        await this.#sender.queuesOf(topic)
        await this.#instance.heartbeat()
      }
      return this.#send(request, { ...options, timeoutMs })
    })
  }

  async #sendOneway(message: Message, options: SendOptions): Promise<void> {
    const outgoing = await this.#prepare(message, options)
    const queue = await this.#selectedQueue(message, options)
    await this.#sender.sendOnewayTo(
      queue ?? (await this.#sender.nextQueue(outgoing.topic)),
      outgoing,
    )
  }

  async #sendBatch(
    messages: readonly Message[],
    options: SendOptions,
  ): Promise<readonly BatchSendResult[]> {
    const { messageBytesMax, sendTimeoutMs } = this.#config
    const timeoutMs = options.timeoutMs ?? sendTimeoutMs
    const parts = splitBatch(
      prepareBatchEntries(messages, this.#ids, this.#config),
      messageBytesMax,
    )
    const first = messages[0]!
    const queue = await this.#selectedQueue(first, options)
    return sendParts(parts, {
      first,
      timeoutMs,
      send: (part, leftMs) => this.#sendTo(queue, part, leftMs),
    })
  }

  /** To `queue` alone, or without one to the queues in turn until one takes it. */
  #sendTo(
    queue: MessageQueue | undefined,
    message: OutgoingMessage,
    timeoutMs: number,
  ): Promise<SendResult> {
    const send = (leftMs: number): Promise<SendResult> =>
      queue === undefined
        ? this.#sender.send(message, leftMs)
        : this.#sender.sendTo(queue, message, leftMs)
    return this.#gate.pass({ bytes: message.body.length, timeoutMs }, send)
  }

  /** `config` with the hook of the trace behind the application's own, where traces are wanted. */
  #openTrace(config: ProducerConfig): ProducerConfig {
    if (!config.enableTrace) return config
    const { customizedTraceTopic, group, sendHooks } = config
    const trace = this.attach(new TraceDispatcher({ group, type: 'PRODUCE' }, config))
    return {
      ...config,
      sendHooks: [...sendHooks, sendTraceHook(customizedTraceTopic, trace.append)],
    }
  }

  #wrapped(queue: MessageQueue): MessageQueue {
    return wrapQueue(this.#config.namespace, queue)
  }

  /** The queues of a topic as the application knows it. */
  async #queuesOf(topic: string): Promise<readonly MessageQueue[]> {
    const { namespace } = this.#config
    const queues = await this.#sender.queuesOf(wrapNamespace(namespace, topic))
    return queues.map((queue) => unwrapQueue(namespace, queue))
  }

  #prepare(message: Message, options: SendOptions): ReturnType<typeof prepareMessage> {
    return prepareMessage(message, options.shardingKey, this.#ids, this.#config)
  }

  /** The queue that the caller chooses in one of three ways; undefined when it is left to us. */
  async #selectedQueue(message: Message, options: SendOptions): Promise<MessageQueue | undefined> {
    const { queue, selector, shardingKey } = options
    const given = [queue, selector, shardingKey].filter((way) => way !== undefined)
    if (given.length === 0) return undefined
    if (given.length > 1) {
      throw invalidChoice('only one of queue, selector and sharding key can be given')
    }
    if (queue !== undefined) {
      if (queue.topic === message.topic) return this.#wrapped(queue)
      throw invalidChoice(`the message is one of ${message.topic}, the queue of ${queue.topic}`)
    }
    const queues = await this.#queuesOf(message.topic)
    const chosen = selector?.(queues, message) ?? queueByHash(queues, shardingKey!)
    const known = queues.find((candidate) => queueKey(candidate) === queueKey(chosen))
    if (known !== undefined) return this.#wrapped(known)
    throw invalidChoice('the selector returned a queue of its own making')
  }

  /** Runs `send`, which fails by its promise only, unless this is closing; a close waits for it. */
  #track<T>(send: () => Promise<T>): Promise<T> {
    if (this.status !== 'open') {
      return Promise.reject(new ClientError('CLIENT_CLOSED', 'the producer is closed'))
    }
    this.#sending.begin()
    let sending: Promise<T>
    try {
      sending = send()
    } catch (error) {
      this.#sending.end()
      return Promise.reject(toClientError(error, 'a producer'))
    }
    sending.then(this.#onSent, this.#onSent)
    return sending
  }
}

/** Whether the caller has a say in which queue it is. */
function isSelected({ queue, selector, shardingKey }: SendOptions): boolean {
  return queue !== undefined || selector !== undefined || shardingKey !== undefined
}

function invalidChoice(why: string): ClientError {
  return new ClientError('CLIENT_OPTION_INVALID', why)
}
