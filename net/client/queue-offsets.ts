import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import {
  GetMaxOffsetRequestHeader,
  GetMinOffsetRequestHeader,
  QueueOffsetResponseHeader,
  SearchOffsetRequestHeader,
} from '../protocol/queue-offset.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
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
    return this.#ask(queue, RequestCode.GET_MAX_OFFSET, extFields)
  }

  /** The offset of the oldest message. @throws {ClientError} of every kind of request */
  min(queue: MessageQueue): Promise<number> {
    const { topic, queueId } = queue
    const extFields = encodeHeaderFields(GetMinOffsetRequestHeader, { topic, queueId })
    return this.#ask(queue, RequestCode.GET_MIN_OFFSET, extFields)
  }

  /**
   * The offset of the first message that was stored at `timestampMs` or later.
   * @throws {ClientError} of every kind of request
   */
  atTime(queue: MessageQueue, timestampMs: number): Promise<number> {
    const { topic, queueId } = queue
    const header = { topic, queueId, timestamp: timestampMs }
    const extFields = encodeHeaderFields(SearchOffsetRequestHeader, header)
    return this.#ask(queue, RequestCode.SEARCH_OFFSET_BY_TIMESTAMP, extFields)
  }

  async #ask(queue: MessageQueue, code: number, extFields: Map<string, string>): Promise<number> {
    const { address } = await brokerFor(this.#instance.routes, queue, MASTER_ID)
    const response = await this.#instance.brokers.invokeChecked(
      address,
      createRequest(code, { extFields }),
    )
    try {
      return decodeHeader(QueueOffsetResponseHeader, response.extFields).offset
    } catch (error) {
      throw toClientError(error, `broker ${address}`)
    }
  }
}
