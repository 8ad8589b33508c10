import { describeError } from '../../engine/base/errors.ts'
import {
  QueryConsumerOffsetRequestHeader,
  QueryConsumerOffsetResponseHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../protocol/consumer-offset.ts'
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { brokerFor } from './broker-choice.ts'
import type { ClientInstance } from './client-instance.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import { refusal, toClientError } from './remote-failure.ts'

interface Progress {
  readonly queue: MessageQueue
  offset: number
}

/**
 * How far a group has come in its queues; the brokers keep it. RocketMQ:
 * `RemoteBrokerOffsetStore`.
 *
 * Apache RocketMQ's broker loses offsets that a group's first commits of a topic bring at the same
 * time: each makes a table of its own and the last one stays (`ConsumerOffsetManager.commitOffset`,
 * 5.5.0). So the queues of a topic are committed one after another, and again each time, changed or
 * not, since commits that come with pulls or from another member can meet as well.
 */
export class OffsetStore {
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #progress = new Map<string, Progress>()

  constructor(instance: ClientInstance, group: string) {
    this.#instance = instance
    this.#group = group
  }

  /** The offset that will be stored for `queue`; undefined when nothing is known here. */
  get(queue: MessageQueue): number | undefined {
    return this.#progress.get(queueKey(queue))?.offset
  }

  set(queue: MessageQueue, offset: number): void {
    const progress = this.#progress.get(queueKey(queue))
    if (progress !== undefined) progress.offset = offset
    else this.#progress.set(queueKey(queue), { queue, offset })
  }

  /** Forgets a queue that is somebody else's now. */
  remove(queue: MessageQueue): void {
    this.#progress.delete(queueKey(queue))
  }

  /**
   * What the broker has stored for the group; undefined when nothing. With `zeroIfRecent` the
   * broker answers 0 instead of nothing for a queue so new that its first message is still in
   * memory, so that whoever starts at the end does not miss what was sent just before.
   * @throws {ClientError} of every kind of request
   */
  async fetch(queue: MessageQueue, zeroIfRecent: boolean): Promise<number | undefined> {
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const { topic, queueId } = queue
    const setZeroIfNotFound = zeroIfRecent ? undefined : false
    const header = { consumerGroup: this.#group, topic, queueId, setZeroIfNotFound }
    const extFields = encodeHeaderFields(QueryConsumerOffsetRequestHeader, header)
    const request = createRequest(RequestCode.QUERY_CONSUMER_OFFSET, { extFields })
    const response = await this.#instance.brokers.invoke(address, request)
    const peer = `broker ${address}`
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return undefined
    if (response.code !== ResponseCode.SUCCESS) throw refusal(response, peer)
    try {
      return decodeHeader(QueryConsumerOffsetResponseHeader, response.extFields).offset
    } catch (error) {
      throw toClientError(error, peer)
    }
  }

  /** Stores every offset. Failures are logged: the next time tries again. */
  async persistAll(): Promise<void> {
    await this.#eachByTopic((progress) => this.#tryPersist(progress))
  }

  /** Stores the offset of one queue. Failures are logged. */
  async persist(queue: MessageQueue): Promise<void> {
    const progress = this.#progress.get(queueKey(queue))
    if (progress !== undefined) await this.#tryPersist(progress)
  }

  /**
   * Stores every offset.
   * @throws {ClientError} the first failure, of every kind of request, after all were tried
   */
  async commitAll(): Promise<void> {
    const failures: unknown[] = []
    await this.#eachByTopic((progress) =>
      this.#persist(progress).catch((error: unknown) => failures.push(error)),
    )
    if (failures.length > 0) throw failures[0]
  }

  /** Topics at the same time, the queues of each one after another; `store` must not reject. */
  async #eachByTopic(store: (progress: Progress) => Promise<unknown>): Promise<void> {
    const topics = new Set([...this.#progress.values()].map(({ queue }) => queue.topic))
    const storeTopic = async (topic: string) => {
      const keys = [...this.#progress].filter(([, { queue }]) => queue.topic === topic)
      for (const [key, progress] of keys) {
        if (this.#progress.get(key) === progress) await store(progress)
      }
    }
    await Promise.all([...topics].map(storeTopic))
  }

  async #tryPersist(progress: Progress): Promise<void> {
    try {
      await this.#persist(progress)
    } catch (error) {
      const key = queueKey(progress.queue)
      this.#instance.config.logger.warn(`offset of ${key} not stored: ${describeError(error)}`)
    }
  }

  async #persist(progress: Progress): Promise<void> {
    const { queue, offset } = progress
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const { topic, queueId } = queue
    const header = { consumerGroup: this.#group, topic, queueId, commitOffset: offset }
    const extFields = encodeHeaderFields(UpdateConsumerOffsetRequestHeader, header)
    const request = createRequest(RequestCode.UPDATE_CONSUMER_OFFSET, { extFields })
    await this.#instance.brokers.invokeChecked(address, request)
  }
}
