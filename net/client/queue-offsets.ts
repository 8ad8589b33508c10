import type { HeaderOf, HeaderTable } from '../protocol/header-table.ts'
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import {
  GetEarliestMsgStoretimeRequestHeader,
  GetEarliestMsgStoretimeResponseHeader,
  GetMaxOffsetRequestHeader,
  GetMinOffsetRequestHeader,
  QueueOffsetResponseHeader,
  SearchOffsetRequestHeader,
} from '../protocol/queue-offset.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { brokerFor } from './broker-choice.ts'
import type { ClientInstance } from './client-instance.ts'
import type { MessageQueue } from './message-queue.ts'
import { toClientError } from './remote-failure.ts'

/** Asks brokers where their queues begin and end. */
export class QueueOffsets {
  readonly #instance: ClientInstance

  constructor(instance: ClientInstance) {
    this.#instance = instance
  }

  /** The offset that the next message will get. @throws {ClientError} of every kind of request */
  max(queue: MessageQueue): Promise<number> {
    const { topic, queueId } = queue
    const extFields = encodeHeaderFields(GetMaxOffsetRequestHeader, {
      topic,
      queueId,
      committed: true,
    })
    return this.#offset(queue, RequestCode.GET_MAX_OFFSET, extFields)
  }

  /** The offset of the oldest message. @throws {ClientError} of every kind of request */
  min(queue: MessageQueue): Promise<number> {
    const { topic, queueId } = queue
    const extFields = encodeHeaderFields(GetMinOffsetRequestHeader, { topic, queueId })
    return this.#offset(queue, RequestCode.GET_MIN_OFFSET, extFields)
  }

  /**
   * The offset of the first message that was stored at `timestampMs` or later.
   * @throws {ClientError} of every kind of request
   */
  atTime(queue: MessageQueue, timestampMs: number): Promise<number> {
    const { topic, queueId } = queue
    const header = { topic, queueId, timestamp: timestampMs }
    const extFields = encodeHeaderFields(SearchOffsetRequestHeader, header)
    return this.#offset(queue, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, extFields)
  }

  /**
   * When the oldest message of `queue` was stored, in ms since 1970; undefined when it has none.
   * @throws {ClientError} of every kind of request
   */
  async earliestStoreTime(queue: MessageQueue): Promise<number | undefined> {
    const { topic, queueId } = queue
    const header = { topic, queueId }
    const extFields = encodeHeaderFields(GetEarliestMsgStoretimeRequestHeader, header)
    const code = RequestCode.GET_EARLIEST_MSG_STORETIME
    const answer = GetEarliestMsgStoretimeResponseHeader
    const { timestamp } = await this.#ask(queue, createRequest(code, { extFields }), answer)
    return timestamp < 0 ? undefined : timestamp
  }

  async #offset(
    queue: MessageQueue,
    code: number,
    extFields: Map<string, string>,
  ): Promise<number> {
    const request = createRequest(code, { extFields })
    const { offset } = await this.#ask(queue, request, QueueOffsetResponseHeader)
    return offset
  }

  async #ask<T extends HeaderTable>(
    queue: MessageQueue,
    request: RemotingCommand,
    answer: T,
  ): Promise<HeaderOf<T>> {
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const response = await this.#instance.brokers.invokeChecked(address, request)
    try {
      return decodeHeader(answer, response.extFields)
    } catch (error) {
      throw toClientError(error, `broker ${address}`)
    }
  }
}
