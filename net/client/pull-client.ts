import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import type { SubscriptionData } from '../protocol/heartbeat.ts'
import {
  PULL_SYS_FLAG,
  PullMessageRequestHeader,
  PullMessageResponseHeader,
} from '../protocol/pull-message.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest, EMPTY_BODY } from '../remoting/remoting-command.ts'
import { brokerFor, type ChosenBroker } from './broker-choice.ts'
import type { ClientInstance } from './client-instance.ts'
import { type MessageQueue, queueKey } from './message-queue.ts'
import { refusal, toClientError } from './remote-failure.ts'

/**
 * How a pull ended. `FOUND`: there are messages. `NO_NEW_MESSAGE`: none came in time.
 * `NO_MATCHED_MESSAGE`: those that are there are not wanted. `OFFSET_ILLEGAL`: the queue does not
 * reach back or forward to the offset. Java: PullStatus.
 */
export type PullStatus = 'FOUND' | 'NO_NEW_MESSAGE' | 'NO_MATCHED_MESSAGE' | 'OFFSET_ILLEGAL'

export interface PullResult {
  readonly status: PullStatus
  /** Where to go on. */
  readonly nextOffset: number
  /** Records; empty unless `FOUND`. */
  readonly body: Buffer
}

/** Where a pull begins. */
export interface PullFrom {
  readonly offset: number
  /** Stored for the group on the way, unless undefined or 0. */
  readonly commitOffset: number | undefined
}

/** How a group pulls. */
export interface PullOptions {
  readonly group: string
  /** Code 361 with the subscription in each request, instead of code 11 without. */
  readonly isLite: boolean
  readonly messageCountMax: number
  readonly messageBytesMax: number
  /** How long a broker may wait for messages, in milliseconds. */
  readonly suspendMs: number
  /** How long to wait for a broker's answer, in milliseconds. */
  readonly timeoutMs: number
}

/** Pulls messages, from a master or from the replica that a broker suggests. */
export class PullClient {
  readonly #instance: ClientInstance
  readonly #options: PullOptions
  /** The broker id that the last answer suggested, by queue. */
  readonly #suggested = new Map<string, number>()

  constructor(instance: ClientInstance, options: PullOptions) {
    this.#instance = instance
    this.#options = options
  }

  /**
   * Pulls what lies at an offset and after it.
   * @throws {ClientError} of every kind of request
   */
  async pull(
    queue: MessageQueue,
    subscription: SubscriptionData,
    from: PullFrom,
  ): Promise<PullResult> {
    const { timeoutMs } = this.#options
    const suggested = this.#suggested.get(queueKey(queue)) ?? MASTER_ID
    const broker = await brokerFor(this.#instance.routes, queue, suggested)
    // Without its heartbeat the broker does not know the subscription.
    await this.#instance.brokers.introduced(broker.address)
    const request = this.#requestOf(queue, subscription, from, broker)
    const response = await this.#instance.brokers.invoke(broker.address, request, timeoutMs)
    return this.#resultOf(queue, response, `broker ${broker.address}`)
  }

  /** Forgets what brokers suggested for a queue. */
  forget(queue: MessageQueue): void {
    this.#suggested.delete(queueKey(queue))
  }

  #requestOf(
    queue: MessageQueue,
    subscription: SubscriptionData,
    from: PullFrom,
    broker: ChosenBroker,
  ): RemotingCommand {
    const { offset, commitOffset = 0 } = from
    const { group, isLite, messageBytesMax, messageCountMax, suspendMs } = this.#options
    // Replicas take offsets from their master only.
    const commits = commitOffset > 0 && broker.isMaster
    const sysFlag =
      PULL_SYS_FLAG.SUSPEND |
      (commits ? PULL_SYS_FLAG.COMMIT_OFFSET : 0) |
      (isLite ? PULL_SYS_FLAG.SUBSCRIPTION | PULL_SYS_FLAG.LITE_PULL : 0)
    const extFields = encodeHeaderFields(PullMessageRequestHeader, {
      consumerGroup: group,
      topic: queue.topic,
      queueId: queue.queueId,
      queueOffset: offset,
      maxMsgNums: messageCountMax,
      sysFlag,
      commitOffset: commits ? commitOffset : 0,
      suspendTimeoutMillis: suspendMs,
      subscription: isLite ? subscription.subString : undefined,
      subVersion: subscription.subVersion,
      expressionType: subscription.expressionType,
      maxMsgBytes: messageBytesMax,
      bname: queue.brokerName,
    })
    const code = isLite ? RequestCode.LITE_PULL_MESSAGE : RequestCode.PULL_MESSAGE
    return createRequest(code, { extFields })
  }

  #resultOf(queue: MessageQueue, response: RemotingCommand, peer: string): PullResult {
    const status = statusOf(response.code)
    if (status === undefined) throw refusal(response, peer)
    try {
      const header = decodeHeader(PullMessageResponseHeader, response.extFields)
      this.#suggested.set(queueKey(queue), header.suggestWhichBrokerId)
      const body = status === 'FOUND' ? response.body : EMPTY_BODY
      return { status, nextOffset: header.nextBeginOffset, body }
    } catch (error) {
      throw toClientError(error, peer)
    }
  }
}

function statusOf(code: number): PullStatus | undefined {
  switch (code) {
    case ResponseCode.SUCCESS:
      return 'FOUND'
    case ResponseCode.PULL_NOT_FOUND:
      return 'NO_NEW_MESSAGE'
    case ResponseCode.PULL_RETRY_IMMEDIATELY:
      return 'NO_MATCHED_MESSAGE'
    case ResponseCode.PULL_OFFSET_MOVED:
      return 'OFFSET_ILLEGAL'
    default:
      return undefined
  }
}
