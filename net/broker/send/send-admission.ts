/**
 * Which topics may be sent to, and what a message may ask for
 * (AbstractSendMessageProcessor.msgCheck).
 */
import { TOPIC_MAX_BYTES_V1 } from '../../../engine/format/record-format.ts'
import { TRANSACTION_NOT_TYPE, transactionTypeOf } from '../../../engine/format/sys-flag.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { SendRequestView } from '../../protocol/send-message-scanner.ts'
import type { Connection } from '../../remoting/connection.ts'
import { BrokerError } from '../broker-error.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import { isWritablePermission } from '../topics/permission.ts'
import type { Topic } from '../topics/topic.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import {
  groupOfRetryTopic,
  isNotAllowedSendTopic,
  RETRY_PREFIX,
  validateTopicName,
} from '../topics/topic-validator.ts'
import { unsupportedRemark } from './send-failure.ts'
import type { SendProperties } from './send-properties.ts'
import { SendTarget } from './send-target.ts'

export interface SendAdmissionParts {
  readonly config: BrokerConfig
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly stats: BrokerStats
}

export class SendAdmission {
  readonly #parts: SendAdmissionParts

  constructor(parts: SendAdmissionParts) {
    this.#parts = parts
  }

  /** Calls `listener` when what was admitted for a topic may no longer hold. */
  onTopicChange(listener: (topic: string) => void): void {
    this.#parts.topics.onChange(listener)
  }

  /** Resolves when all topics that were made so far are settled: see {@link admit}. */
  settled(): Promise<void> {
    return this.#parts.topics.settled()
  }

  /**
   * Looks at a topic for the first time: checks its name, and makes it where that is allowed.
   * @returns undefined while the topic is new and not on the disk. When it cannot be brought there,
   *   which is logged, sends go on without, as Java's do (TopicConfigManager.persist).
   * @throws {BrokerError} with RocketMQ's code and remark.
   */
  admit(view: SendRequestView, connection: Connection): SendTarget | undefined {
    const { config, stats, store } = this.#parts
    const name = view.buffer.toString('utf8', view.topicStart, view.topicEnd)
    validateTopicName(name)
    if (isNotAllowedSendTopic(name)) {
      throw denied(`Sending message to topic[${name}] is forbidden.`)
    }
    const topic = this.#find(name, view, connection)
    if (!isWritablePermission(config.brokerPermission)) {
      throw denied(`the broker[${config.brokerIP1}] sending message is forbidden`)
    }
    if (!topic.isWritable) throw denied(`the topic[${name}] sending message is forbidden`)
    const retryGroup = groupOfRetryTopic(name)
    if (retryGroup === undefined && view.topicEnd - view.topicStart > TOPIC_MAX_BYTES_V1) {
      const remark = `message topic length too long, at most ${TOPIC_MAX_BYTES_V1} bytes`
      throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, remark)
    }
    if (!this.#parts.topics.isSettled(topic)) return undefined
    return new SendTarget(topic, {
      retryGroup,
      stats: stats.topicSlot(name),
      findTail: (queueId) => store.tail(name, queueId),
    })
  }

  /** As {@link admit}, once a new topic is settled. */
  async admitSettled(view: SendRequestView, connection: Connection): Promise<SendTarget> {
    for (;;) {
      const target = this.admit(view, connection)
      if (target !== undefined) return target
      await this.settled()
    }
  }

  /**
   * Refuses a message that asks for what is not built yet, instead of delivering it as if it were
   * an ordinary one.
   * @throws {BrokerError} MESSAGE_ILLEGAL naming the feature.
   */
  checkFeatures(view: SendRequestView, properties: SendProperties): void {
    if (transactionTypeOf(view.sysFlag) !== TRANSACTION_NOT_TYPE) {
      throw unsupported('transactions (sysFlag)')
    }
    const feature = properties.unsupportedFeature
    if (feature !== undefined) throw unsupported(feature)
  }

  #find(name: string, view: SendRequestView, connection: Connection): Topic {
    const { topics, groups } = this.#parts
    const known = topics.find(name)
    if (known !== undefined) return known
    const defaultTopic = view.buffer.toString('utf8', view.defaultTopicStart, view.defaultTopicEnd)
    const made = topics.createForSend({
      topic: name,
      defaultTopic,
      queueNums: view.defaultTopicQueueNums,
      remoteAddress: connection.remoteAddress,
      isUnit: view.unitMode,
    })
    if (made !== undefined) return made
    if (name.startsWith(RETRY_PREFIX)) {
      const group = name.slice(RETRY_PREFIX.length)
      const config = groups.find(group)
      if (config !== undefined) return topics.createRetryTopic(group, config.retryQueueNums)
      const remark = `subscription group not exist, ${group}`
      throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
    }
    const remark = `topic[${name}] not exist, apply first please!`
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, remark)
  }
}

function denied(remark: string): BrokerError {
  return new BrokerError(ResponseCode.NO_PERMISSION, remark)
}

function unsupported(feature: string): BrokerError {
  return new BrokerError(ResponseCode.MESSAGE_ILLEGAL, unsupportedRemark(feature))
}
