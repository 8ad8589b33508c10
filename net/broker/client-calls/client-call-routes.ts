/** What somebody asks of a consumer by way of the broker (AdminBrokerProcessor). */
import type { Logger } from '../../../engine/base/logger.ts'
import { parseOffsetMessageId } from '../../../engine/format/message-id.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import {
  ConsumeMessageDirectlyRequestHeader,
  GetConsumerRunningInfoRequestHeader,
} from '../../protocol/consumer-status.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { Route } from '../routes.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { callConsumer } from './call-consumer.ts'
import { consumerStatus } from './consumer-status.ts'

export interface ClientCallParts {
  readonly brokerName: string
  readonly store: Pick<ThreadedStore, 'readRecord'>
  readonly clients: ClientRegistry
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly logger: Logger
}

export function clientCallRoutes(parts: ClientCallParts): readonly Route[] {
  const status = RequestCode.INVOKE_BROKER_TO_GET_CONSUMER_STATUS
  return [
    [status, (request) => consumerStatus(parts, request)],
    [RequestCode.GET_CONSUMER_RUNNING_INFO, (request) => runningInfo(parts, request)],
    [RequestCode.CONSUME_MESSAGE_DIRECTLY, (request) => consumeDirectly(parts, request)],
  ]
}

function runningInfo(parts: ClientCallParts, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(GetConsumerRunningInfoRequestHeader, request.extFields)
  return callConsumer(parts.clients, request, header.consumerGroup, header.clientId)
}

/** Gives one consumer one message, without regard to offsets, and answers how it went. */
async function consumeDirectly(
  parts: ClientCallParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { clients, topics, groups } = parts
  const header = decodeHeader(ConsumeMessageDirectlyRequestHeader, request.extFields)
  const { consumerGroup, clientId = '', msgId = '', topic = '' } = header
  const extFields = new Map(request.extFields).set('brokerName', parts.brokerName)
  const topicFlag = topics.find(topic)?.config.topicSysFlag
  if (topicFlag !== undefined) extFields.set('topicSysFlag', String(topicFlag))
  const groupFlag = groups.get(consumerGroup)?.groupSysFlag
  if (groupFlag !== undefined) extFields.set('groupSysFlag', String(groupFlag))
  const body = await recordOf(parts, msgId)
  return callConsumer(clients, { ...request, extFields, body }, consumerGroup, clientId)
}

async function recordOf({ store }: ClientCallParts, messageId: string): Promise<Buffer> {
  const physicalOffset = parseOffsetMessageId(messageId)?.physicalOffset
  const record = physicalOffset === undefined ? undefined : await store.readRecord(physicalOffset)
  if (record !== undefined) return record
  const remark = `can not find message by the offset message id <${messageId}>`
  throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
