/** HEART_BEAT, in both versions (ClientManageProcessor.heartBeat, heartBeatV2). */

import { encodeHeaderFields } from '../../protocol/header-table.ts'
import {
  type ConsumerData,
  HeartbeatData,
  HeartbeatResponseHeader,
} from '../../protocol/heartbeat.ts'
import { decodeBody } from '../../protocol/json-shape.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import type { ClientMember } from './client-member.ts'
import type { ClientRegistry } from './client-registry.ts'

export interface HeartbeatParts {
  readonly clients: ClientRegistry
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly filters: ConsumerFilters
}

export class HeartbeatHandler {
  readonly #parts: HeartbeatParts

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  handle(request: RemotingCommand, connection: Connection): RemotingCommand {
    const data = decodeBody(HeartbeatData, request.body)
    const { language, version } = request
    const member = { connection, clientId: data.clientID, language, version, seenMs: Date.now() }
    // Clients of version 1 are told to send everything each time.
    let wantsSubscriptions = data.heartbeatFingerprint === 0
    for (const consumer of data.consumerDataSet) {
      if (this.#acceptConsumer(member, consumer, data)) wantsSubscriptions = true
    }
    for (const { groupName } of data.producerDataSet) {
      this.#parts.clients.registerProducer(groupName, member)
    }
    const extFields = encodeHeaderFields(HeartbeatResponseHeader, {
      IS_SUPPORT_HEART_BEAT_V2: true,
      IS_SUB_CHANGE: wantsSubscriptions,
    })
    return createResponse(request, ResponseCode.SUCCESS, { extFields })
  }

  /** @returns true when the client is to send its subscriptions with its next heartbeat */
  #acceptConsumer(member: ClientMember, consumer: ConsumerData, data: HeartbeatData): boolean {
    const { clients, topics, groups, filters } = this.#parts
    const config = groups.find(consumer.groupName)
    // A group that may not be made is left out; its pulls are told why.
    if (config === undefined) return false
    topics.createRetryTopic(consumer.groupName, config.retryQueueNums, consumer.unitMode)

    const known = clients.consumerGroup(consumer.groupName)?.fingerprint
    const subscriptions = data.withoutSub ? undefined : consumer.subscriptionDataSet
    clients.registerConsumer(member, consumer, subscriptions)
    const group = clients.consumerGroup(consumer.groupName)
    if (group !== undefined && !data.withoutSub) {
      group.fingerprint = data.heartbeatFingerprint
      filters.register(group.name, group.subscriptions.values())
    }
    // A broker that was restarted has none of what the client takes for known: RocketMQ's own
    // never asks for it again.
    if (known === undefined) return data.withoutSub
    return known !== data.heartbeatFingerprint
  }
}
