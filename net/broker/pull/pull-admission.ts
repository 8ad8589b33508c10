/** Who may pull what, and with which filter (PullMessageProcessor.processRequest). */
import type { MessageFilter } from '../../../engine/store/message-filter.ts'
import type { SubscriptionData } from '../../protocol/heartbeat.ts'
import { unescapeJson } from '../../protocol/json-escape.ts'
import { PULL_SYS_FLAG } from '../../protocol/pull-message.ts'
import type { PullRequestView } from '../../protocol/pull-message-scanner.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import {
  checkEnabled,
  isTagType,
  propertyFilter,
  tagFilter,
  tagFilterOf,
} from '../filter/filter-expression.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import { isReadablePermission } from '../topics/permission.ts'
import type { Topic } from '../topics/topic.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'

import { ForbiddenType, PullForbidden } from './pull-forbidden.ts'

/**
 * Filters that requests carried themselves, by expression: a few per group, used again and again.
 */
const FILTERS_KEPT_MAX = 1000

/** What the heartbeats of a group's consumers say. */
export interface GroupSubscriptions {
  consumerGroup(group: string): { readonly isBroadcasting: boolean } | undefined
  subscriptionOf(group: string, topic: string): SubscriptionData | undefined
}

export interface PullAdmissionParts {
  readonly config: BrokerConfig
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly clients: GroupSubscriptions
  readonly filters: ConsumerFilters
}

export class PullAdmission {
  readonly #parts: PullAdmissionParts
  readonly #expressionFilters = new Map<string, MessageFilter | undefined>()
  readonly #tagFilters = new WeakMap<
    SubscriptionData,
    { readonly filter: MessageFilter | undefined }
  >()

  constructor(parts: PullAdmissionParts) {
    this.#parts = parts
  }

  /** @throws {BrokerError} with the code on which consumers branch. */
  check(groupName: string, topicName: string, queueId: number): Topic {
    const { config, groups, topics } = this.#parts
    if (!isReadablePermission(config.brokerPermission)) {
      throw denied(
        `the broker[${config.brokerIP1}] pulling message is forbidden`,
        ForbiddenType.BROKER,
      )
    }
    const group = groups.find(groupName)
    if (group === undefined) {
      const remark = `subscription group [${groupName}] does not exist`
      throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
    }
    if (!group.consumeEnable) {
      throw denied(`subscription group no permission, ${groupName}`, ForbiddenType.GROUP)
    }
    const topic = topics.find(topicName)
    if (topic === undefined) {
      const remark = `topic[${topicName}] not exist, apply first please!`
      throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, remark)
    }
    if (!topic.isReadable) {
      throw denied(`the topic[${topicName}] pulling message is forbidden`, ForbiddenType.TOPIC)
    }
    const { readQueueNums } = topic.config
    if (queueId < 0 || queueId >= readQueueNums) {
      const remark =
        `queueId[${queueId}] is illegal, topic:[${topicName}] ` + `readQueueNums:[${readQueueNums}]`
      throw new BrokerError(ResponseCode.INVALID_PARAMETER, remark)
    }
    return topic
  }

  /** The filter of a pull: its own, or the one that its group subscribed with. */
  filter(view: PullRequestView, group: string, topic: string): MessageFilter | undefined {
    if ((view.sysFlag & PULL_SYS_FLAG.SUBSCRIPTION) !== 0) return this.#ownFilter(view)
    return this.#groupFilter(view, group, topic)
  }

  #ownFilter(view: PullRequestView): MessageFilter | undefined {
    const { buffer, expressionTypeStart, expressionTypeEnd } = view
    const expressionType = buffer.toString('latin1', expressionTypeStart, expressionTypeEnd)
    const expression = subscriptionText(view)
    checkEnabled(expressionType, this.#parts.config.enablePropertyFilter)
    const key = `${expressionType}\n${expression}`
    if (this.#expressionFilters.has(key)) return this.#expressionFilters.get(key)
    const filter = isTagType(expressionType)
      ? tagFilter(expression)
      : propertyFilter(expressionType, expression)
    if (this.#expressionFilters.size >= FILTERS_KEPT_MAX) this.#expressionFilters.clear()
    this.#expressionFilters.set(key, filter)
    return filter
  }

  #groupFilter(view: PullRequestView, group: string, topic: string): MessageFilter | undefined {
    const { clients, groups } = this.#parts
    const isBroadcasting = clients.consumerGroup(group)?.isBroadcasting === true
    if (isBroadcasting && groups.get(group)?.consumeBroadcastEnable === false) {
      const remark = `the consumer group[${group}] can not consume by broadcast way`
      throw denied(remark, ForbiddenType.BROADCASTING)
    }
    if (!groups.mayRead(group, topic)) {
      const remark = `the consumer group[${group}] is forbidden for topic[${topic}]`
      throw denied(remark, ForbiddenType.SUBSCRIPTION)
    }
    const subscription = clients.subscriptionOf(group, topic)
    if (subscription === undefined) {
      const remark = `the consumer's subscription not exist: group ${group}, topic ${topic}`
      throw new BrokerError(ResponseCode.SUBSCRIPTION_NOT_EXIST, remark)
    }
    if (subscription.subVersion < view.subVersion) {
      const remark = `the consumer's subscription not latest: group ${group}, topic ${topic}`
      throw new BrokerError(ResponseCode.SUBSCRIPTION_NOT_LATEST, remark)
    }
    if (!isTagType(subscription.expressionType))
      return this.#propertyFilter(view, group, subscription)
    let known = this.#tagFilters.get(subscription)
    if (known === undefined) {
      known = { filter: tagFilterOf(subscription) }
      this.#tagFilters.set(subscription, known)
    }
    return known.filter
  }

  #propertyFilter(
    view: PullRequestView,
    group: string,
    subscription: SubscriptionData,
  ): MessageFilter | undefined {
    const { filters, config } = this.#parts
    const { classFilterMode, expressionType, topic } = subscription
    const known = filters.get(topic, group)
    if (known === undefined) {
      const why = filters.flawOf(subscription) ?? 'your expression may be wrong'
      const remark = `the broker's consumer filter data is not exist: ${why}`
      throw new BrokerError(ResponseCode.FILTER_DATA_NOT_EXIST, remark)
    }
    if (known.data.clientVersion < view.subVersion) {
      const remark = `the consumer filter data not latest: group ${group}, topic ${topic}`
      throw new BrokerError(ResponseCode.FILTER_DATA_NOT_LATEST, remark)
    }
    checkEnabled(expressionType, config.enablePropertyFilter)
    return classFilterMode ? undefined : known.filter
  }
}

function subscriptionText(view: PullRequestView): string {
  const { buffer, subscriptionStart, subscriptionEnd } = view
  if (!view.subscriptionEscaped) return buffer.toString('utf8', subscriptionStart, subscriptionEnd)
  const text = Buffer.alloc(subscriptionEnd - subscriptionStart)
  return text.toString('utf8', 0, unescapeJson(buffer, subscriptionStart, subscriptionEnd, text, 0))
}

function denied(remark: string, forbiddenType: ForbiddenType): PullForbidden {
  return new PullForbidden(remark, forbiddenType)
}
