import { assert } from '../../engine/base/assert.ts'
import { Lifecycle } from '../../engine/base/lifecycle.ts'
import { ClientError } from './client-error.ts'
import { GroupMember } from './group-member.ts'
import type { ConsumeHooks } from './hook-calls.ts'
import { LiteInbox } from './lite-inbox.ts'
import {
  type LitePullConsumerConfig,
  type LitePullConsumerOptions,
  POLL_TIMEOUT_MS,
  type PollOptions,
  parseLitePullConsumerOptions,
} from './lite-pull-consumer-options.ts'
import { LiteQueue } from './lite-queue.ts'
import type { ReceivedMessage } from './message.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import { unwrapMessage, unwrapQueue, wrapNamespace, wrapQueue } from './namespace.ts'
import { requireInteger } from './option-merge.ts'
import type { Filter } from './subscription.ts'
import { openConsumeHooks } from './trace/consumer-trace.ts'

/** A place in a queue: an offset, the first message, behind the last one, or the first message that
 *  was stored at a time or later. */
export type SeekTarget = number | 'first' | 'last' | Date

/** How long a broker may hold a pull back, and how long its answer may take, in milliseconds
 *  (Java: brokerSuspendMaxTimeMillis, consumerTimeoutMillisWhenSuspend). */
const SUSPEND_MS = 20_000
const PULL_TIMEOUT_MS = 30_000
/** A pull's size is bounded by its count (Java: Integer.MAX_VALUE). */
const PULL_BYTES_MAX = 0x7fff_ffff

/**
 * Fetches messages ahead and hands them out when they are asked for. In *subscribe* mode the queues
 * of a topic are shared with the other consumers of the group, in *assign* mode they are chosen;
 * one consumer does one or the other.
 *
 * ```ts
 * await using consumer = await LitePullConsumer.start({
 *   nameServers: ['127.0.0.1:9876'],
 *   group: 'audit',
 *   subscriptions: { Orders: '*' },
 * })
 * for await (const message of consumer) await archive(message.body)
 * ```
 *
 * With `autoCommit`, what was handed out counts as consumed when more is asked for, so a message in
 * the hands of a process that dies is delivered again. What a loop had in hand when it was left
 * counts only after `commit()`.
 */
export class LitePullConsumer extends Lifecycle implements AsyncIterable<ReceivedMessage> {
  readonly #config: LitePullConsumerConfig
  readonly #member: GroupMember
  readonly #inbox: LiteInbox
  readonly #hooks: ConsumeHooks
  #mode: 'none' | 'subscribe' | 'assign' = 'none'

  private constructor(config: LitePullConsumerConfig) {
    super()
    this.#config = config
    this.#inbox = new LiteInbox(config.totalCountMax)
    const { hooks, trace } = openConsumeHooks(config)
    if (trace !== undefined) this.attach(trace)
    this.#hooks = hooks
    this.#member = this.attach(
      new GroupMember({
        config,
        consumeType: 'CONSUME_ACTIVELY',
        producerGroups: [],
        commitsWithPull: false,
        pull: {
          isLite: true,
          messageCountMax: config.pullCountMax,
          messageBytesMax: PULL_BYTES_MAX,
          suspendMs: SUSPEND_MS,
          timeoutMs: PULL_TIMEOUT_MS,
        },
        openSink: (_, startOffset) => this.#openQueue(startOffset),
        properties: new Map([
          ['autoCommit', String(config.autoCommit)],
          ['pullBatchSize', String(config.pullCountMax)],
          ['pullThresholdForAll', String(config.totalCountMax)],
        ]),
      }),
    )
    this.markOpen()
  }

  /**
   * Starts a consumer; with `subscriptions` it joins the group, and resolves when a first share of
   * the queues is found.
   * @throws {ClientError} `CLIENT_OPTION_INVALID`, `CLIENT_SUBSCRIPTION_INVALID`,
   *   `CLIENT_NAME_SERVER_UNREACHABLE`, `CLIENT_OFFSET_FILE_UNREADABLE`, and
   *   `CLIENT_REQUEST_REFUSED` when a broker does not support a filter
   */
  static async start(options: LitePullConsumerOptions): Promise<LitePullConsumer> {
    const config = parseLitePullConsumerOptions(options)
    const consumer = new LitePullConsumer(config)
    const filters = new Map<string, Filter>(Object.entries(config.subscriptions))
    try {
      await consumer.#member.load()
      if (filters.size > 0) await consumer.#subscribe(filters)
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

  /** The queues that this consumer has at the moment. */
  get assigned(): readonly MessageQueue[] {
    return this.#member.queues.list.map((queue) => this.#unwrapped(queue))
  }

  /**
   * Shares the queues of one more topic with the group.
   * @throws {ClientError} as {@link start}
   */
  subscribe(topic: string, filter: Filter = '*'): Promise<void> {
    return this.#subscribe(new Map([[topic, filter]]))
  }

  /** Gives the queues of a topic up. */
  async unsubscribe(topic: string): Promise<void> {
    await this.#member.unsubscribe(wrapNamespace(this.#config.namespace, topic))
  }

  /**
   * Consumes exactly these queues, whoever else does; replaces what was assigned before. They begin
   * where the group has come to, or else as `consumeFrom` says.
   * @throws {ClientError} `CLIENT_SUBSCRIPTION_INVALID` in subscribe mode, and the failure to find
   *   out where to begin
   */
  async assign(queues: readonly MessageQueue[]): Promise<void> {
    this.#enter('assign')
    await this.#member.queues.set(queues.map((queue) => this.#wrapped(queue)))
  }

  /**
   * The queues of `topic` that can be read.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, `CLIENT_NAME_SERVER_UNREACHABLE`
   */
  async fetchQueues(topic: string): Promise<readonly MessageQueue[]> {
    this.#assertOpen()
    const inner = wrapNamespace(this.#config.namespace, topic)
    const route = await this.#member.instance.routes.refresh(inner)
    if (route !== undefined && route.readQueues.length > 0) {
      return route.readQueues.map((queue) => this.#unwrapped(queue))
    }
    throw new ClientError('CLIENT_TOPIC_NOT_FOUND', `no queue of topic ${topic} can be read`)
  }

  /**
   * Takes messages of one queue: what is there, or what comes in time, or none. One call at a time.
   * @throws {ClientError} `CLIENT_CLOSED`; `CLIENT_BODY_UNREADABLE` each time until the queue is
   *   sought past the message; `CLIENT_OPTION_INVALID`
   */
  async poll(options: PollOptions = {}): Promise<readonly ReceivedMessage[]> {
    const { timeoutMs = POLL_TIMEOUT_MS, countMax = this.#config.pullCountMax } = options
    requireInteger({ timeoutMs }, 'timeoutMs', 0)
    requireInteger({ countMax }, 'countMax', 1)
    this.#assertOpen()
    if (this.#config.autoCommit) this.#noteConsumed()
    const deadlineMs = performance.now() + timeoutMs
    for (;;) {
      const queue = this.#inbox.next()
      if (queue !== undefined) return this.#handOut(queue.take(countMax))
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0 || this.status !== 'open') return []
      await this.#inbox.wait(leftMs)
    }
  }

  /** Hands out one message after the other, until this is closed. */
  async *[Symbol.asyncIterator](): AsyncGenerator<ReceivedMessage, void, undefined> {
    while (this.status === 'open') yield* await this.poll({ countMax: 1 })
  }

  /**
   * Stores at the brokers that everything which was handed out is consumed.
   * @throws {ClientError} of every kind of request
   */
  async commit(): Promise<void> {
    this.#assertOpen()
    this.#noteConsumed()
    await this.#member.store.commitAll()
  }

  /**
   * The offset up to which, exclusive, the group has consumed `queue`; undefined when it has not.
   * @throws {ClientError} of every kind of request
   */
  async committed(queue: MessageQueue): Promise<number | undefined> {
    this.#assertOpen()
    return this.#member.store.fetch(this.#wrapped(queue), false)
  }

  /**
   * Goes on elsewhere in an assigned queue.
   * @throws {ClientError} `CLIENT_QUEUE_NOT_ASSIGNED`, `CLIENT_OFFSET_OUT_OF_RANGE`, and of every
   *   kind of request
   */
  async seek(at: MessageQueue, to: SeekTarget): Promise<void> {
    this.#assertOpen()
    const queue = this.#wrapped(at)
    this.#assertAssigned(queue)
    const { offsets } = this.#member
    const [min, max] = await Promise.all([offsets.min(queue), offsets.max(queue)])
    const offset = await this.#offsetAt(queue, to, min, max)
    if (!Number.isSafeInteger(offset) || offset < min || offset > max) {
      const message = `offset ${offset} of ${queueKey(queue)} is not between ${min} and ${max}`
      throw new ClientError('CLIENT_OFFSET_OUT_OF_RANGE', message)
    }
    // A rebalance may have taken the queue away meanwhile.
    this.#assertAssigned(queue)
    this.#member.queues.restart(queue, offset)
  }

  /** Pulls queues no further until they are resumed; what was pulled is still handed out. */
  pause(queues: readonly MessageQueue[]): void {
    this.#member.queues.pauses.pause(queues.map((queue) => this.#wrapped(queue)))
  }

  /** Ends a {@link pause} of queues. */
  resume(queues: readonly MessageQueue[]): void {
    this.#member.queues.pauses.resume(queues.map((queue) => this.#wrapped(queue)))
  }

  protected override async drain(): Promise<void> {
    this.#inbox.close()
    await this.#member.stopPulling()
  }

  protected override async abort(reason: Error): Promise<void> {
    this.#inbox.close()
    await this.#member.destroy(reason)
  }

  async #subscribe(filters: ReadonlyMap<string, Filter>): Promise<void> {
    this.#enter('subscribe')
    const { namespace } = this.#config
    const wrapped = [...filters].map(
      ([topic, filter]) => [wrapNamespace(namespace, topic), filter] as const,
    )
    await this.#member.subscribe(new Map(wrapped))
  }

  #enter(mode: 'subscribe' | 'assign'): void {
    this.#assertOpen()
    if (this.#mode !== 'none' && this.#mode !== mode) {
      const message = 'a consumer either subscribes to topics or has queues assigned'
      throw new ClientError('CLIENT_SUBSCRIPTION_INVALID', message)
    }
    this.#mode = mode
  }

  #assertOpen(): void {
    if (this.status === 'open') return
    throw new ClientError('CLIENT_CLOSED', 'the consumer is closed')
  }

  #assertAssigned(queue: MessageQueue): void {
    if (this.#member.queues.sinkOf(queue) !== undefined) return
    throw new ClientError('CLIENT_QUEUE_NOT_ASSIGNED', `${queueKey(queue)} is not assigned here`)
  }

  /** What was polled counts as consumed for hooks (Java: DefaultLitePullConsumerImpl.poll). */
  #handOut(taken: readonly ReceivedMessage[]): readonly ReceivedMessage[] {
    const messages = taken.map((message) => unwrapMessage(this.#config.namespace, message))
    const [first] = messages
    if (first === undefined) return messages
    const context = { group: this.#config.group, queue: first.queue, messages }
    this.#hooks.before(context)
    this.#hooks.after(context, { isSuccess: true, returned: 'success' })
    return messages
  }

  #wrapped(queue: MessageQueue): MessageQueue {
    return wrapQueue(this.#config.namespace, queue)
  }

  #unwrapped(queue: MessageQueue): MessageQueue {
    return unwrapQueue(this.#config.namespace, queue)
  }

  #offsetAt(
    queue: MessageQueue,
    to: SeekTarget,
    min: number,
    max: number,
  ): number | Promise<number> {
    if (typeof to === 'number') return to
    if (to === 'first') return min
    return to === 'last' ? max : this.#member.offsets.atTime(queue, to.getTime())
  }

  #openQueue(startOffset: number): LiteQueue {
    const { queueBytesMax, queueCountMax } = this.#config
    const limits = { countMax: queueCountMax, bytesMax: queueBytesMax }
    return new LiteQueue(startOffset, this.#inbox, limits)
  }

  #noteConsumed(): void {
    for (const queue of this.#member.queues.list) {
      const sink = this.#member.queues.sinkOf(queue)
      assert(sink instanceof LiteQueue, 'every queue of this consumer is one of its own')
      this.#member.store.set(queue, sink.position)
    }
  }
}
