/**
 * Messages that a group has tried often enough: where they go, and when a retry that a client
 * sends itself is one too many (SendMessageProcessor.handleRetryAndDLQ).
 */
import type { Logger } from '../../../engine/base/logger.ts'
import type { RecordSource } from '../../../engine/format/record-encoder.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  MAX_RECONSUME_TIMES_UNSET,
  type SendRequestView,
} from '../../protocol/send-message-scanner.ts'
import { LimitedLogger } from '../../remoting/limited-logger.ts'
import { BrokerError } from '../broker-error.ts'
import type { QueueLocks } from '../lock/queue-locks.ts'
import type { BrokerStats, TopicSendStats } from '../stats/broker-stats.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'

/** A group's dead letters lie in one queue (DLQ_NUMS_PER_GROUP). */
const QUEUE_ID = 0

export interface DeadLettersParts {
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly locks: QueueLocks
  readonly stats: BrokerStats
  readonly logger: Logger
}

/** Where a dead letter is appended, and what counts it. */
export interface DeadLetterPlace {
  readonly tail: QueueTail
  readonly stats: TopicSendStats
}

export class DeadLetters {
  readonly #parts: DeadLettersParts
  readonly #log: LimitedLogger

  constructor(parts: DeadLettersParts) {
    this.#parts = parts
    this.#log = new LimitedLogger(parts.logger)
  }

  /**
   * Whether a message that a client sends to a group's topic of retries has been tried too often.
   * Java's client counts the try that failed before it sends, so that only more than the most is
   * too often here. A group that consumes in order, which its locks show, retries in place: what
   * it sends has been given up.
   * @throws {BrokerError} SUBSCRIPTION_GROUP_NOT_EXIST
   */
  isOneTooMany(group: string, view: SendRequestView): boolean {
    const { groups, locks } = this.#parts
    const config = groups.find(group)
    if (config === undefined) {
      const remark = `subscription group not exist, ${group}`
      throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
    }
    const asked = view.maxReconsumeTimes
    const most = asked === MAX_RECONSUME_TIMES_UNSET ? config.retryMaxTimes : asked
    return view.reconsumeTimes > most || locks.isHeld(group, Date.now())
  }

  /** Makes a message one of the group's dead letters; its properties are the caller's matter. */
  bury(source: RecordSource, group: string): DeadLetterPlace {
    const { topics, store, stats } = this.#parts
    const { name, nameBytes } = topics.createDeadLetterTopic(group)
    source.topic = nameBytes
    source.topicStart = 0
    source.topicEnd = nameBytes.length
    source.queueId = QUEUE_ID
    this.#log.warn(group, `a message of group ${group} goes to its dead letters in ${name}`)
    return { tail: store.tail(name, QUEUE_ID), stats: stats.topicSlot(name) }
  }
}
