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
import type { OffsetStore, QueueOffset } from './offset-store.ts'
import { refusal, toClientError } from './remote-failure.ts'

interface Progress extends QueueOffset {
  offset: number
}

/**
 * How far a group that shares its messages has come; the brokers keep it. RocketMQ:
 * `RemoteBrokerOffsetStore`.
 *
 * Apache RocketMQ's broker loses offsets that a group's first commits of a topic bring at the same
 * time: each makes a table of its own and the last one stays (`ConsumerOffsetManager.commitOffset`,
 * 5.5.0). So the queues of a topic are committed one after another, and again each time, changed or
 * not, since commits that come with pulls or from another member can meet as well.
 */
export class RemoteOffsetStore implements OffsetStore {
  readonly #instance: ClientInstance
  readonly #group: string
  readonly #isHeld: (queue: MessageQueue) => boolean
  readonly #progress = new Map<string, Progress>()
  /** What was set last: messages come in runs of one queue. */
  #last: Progress | undefined

  /** @param isHeld whether nobody else can have the queue: where that is in doubt, somebody may
   *    have come further, and is not to be taken back */
  constructor(instance: ClientInstance, group: string, isHeld: (queue: MessageQueue) => boolean) {
    this.#instance = instance
    this.#group = group
    this.#isHeld = isHeld
  }

  get known(): readonly QueueOffset[] {
    return [...this.#progress.values()]
  }

  /** Nothing is kept here. */
  async load(): Promise<void> {}

  get(queue: MessageQueue): number | undefined {
    return this.#progress.get(queueKey(queue))?.offset
  }

  set(queue: MessageQueue, offset: number): void {
    if (this.#last?.queue === queue) {
      this.#last.offset = offset
      return
    }
    this.#last = { queue, offset }
    this.#progress.set(queueKey(queue), this.#last)
  }

  remove(queue: MessageQueue): void {
    this.#progress.delete(queueKey(queue))
    this.#last = undefined
  }

  /** @throws {ClientError} of every kind of request */
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

  async persistAll(): Promise<void> {
    await this.#eachByTopic((progress) => this.#tryPersist(progress))
  }

  async persist(queue: MessageQueue): Promise<boolean> {
    const progress = this.#progress.get(queueKey(queue))
    return progress === undefined || this.#tryPersist(progress)
  }

  /** @throws {ClientError} the first failure, of every kind of request, after all were tried */
  async commitAll(): Promise<void> {
    const failures: unknown[] = []
    await this.#eachByTopic((progress) =>
      this.#persist(progress).catch((error: unknown) => failures.push(error)),
    )
    if (failures.length > 0) throw failures[0]
  }

  /** Topics at the same time, the queues of each one after another; `store` must not reject. */
  async #eachByTopic(store: (progress: QueueOffset) => Promise<unknown>): Promise<void> {
    const topics = new Set([...this.#progress.values()].map(({ queue }) => queue.topic))
    const storeTopic = async (topic: string) => {
      const keys = [...this.#progress.keys()]
      for (const key of keys) {
        const progress = this.#progress.get(key)
        if (progress?.queue.topic === topic) await store(progress)
      }
    }
    await Promise.all([...topics].map(storeTopic))
  }

  async #tryPersist(progress: QueueOffset): Promise<boolean> {
    if (!this.#isHeld(progress.queue)) return false
    try {
      await this.#persist(progress)
      return true
    } catch (error) {
      const key = queueKey(progress.queue)
      this.#instance.config.logger.warn(`offset of ${key} not stored: ${describeError(error)}`)
      return false
    }
  }

  async #persist(progress: QueueOffset): Promise<void> {
    const { queue, offset } = progress
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const { topic, queueId } = queue
    const header = { consumerGroup: this.#group, topic, queueId, commitOffset: offset }
    const extFields = encodeHeaderFields(UpdateConsumerOffsetRequestHeader, header)
    const request = createRequest(RequestCode.UPDATE_CONSUMER_OFFSET, { extFields })
    await this.#instance.brokers.invokeChecked(address, request)
  }
}
