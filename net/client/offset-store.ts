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
  /** What the broker has been told. */
  storedOffset: number | undefined
}

/**
 * How far a group has come in its queues; the brokers keep it. RocketMQ:
 * `RemoteBrokerOffsetStore`.
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
    else this.#progress.set(queueKey(queue), { queue, offset, storedOffset: undefined })
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

  /** Stores every offset that has changed. Failures are logged: the next time tries again. */
  async persistAll(): Promise<void> {
    await Promise.all([...this.#progress.values()].map((progress) => this.#tryPersist(progress)))
  }

  /** Stores the offset of one queue if it has changed. Failures are logged. */
  async persist(queue: MessageQueue): Promise<void> {
    const progress = this.#progress.get(queueKey(queue))
    if (progress !== undefined) await this.#tryPersist(progress)
  }

  /**
   * Stores every offset that has changed.
   * @throws {ClientError} the first failure, of every kind of request, after all were tried
   */
  async commitAll(): Promise<void> {
    const commits = [...this.#progress.values()].map((progress) => this.#persist(progress))
    for (const result of await Promise.allSettled(commits)) {
      if (result.status === 'rejected') throw result.reason
    }
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
    if (offset === progress.storedOffset) return
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const { topic, queueId } = queue
    const header = { consumerGroup: this.#group, topic, queueId, commitOffset: offset }
    const extFields = encodeHeaderFields(UpdateConsumerOffsetRequestHeader, header)
    const request = createRequest(RequestCode.UPDATE_CONSUMER_OFFSET, { extFields })
    await this.#instance.brokers.invokeChecked(address, request)
    progress.storedOffset = offset
  }
}
