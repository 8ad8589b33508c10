/**
 * The broker shares out queues for clients that leave it to him, as Java's push consumers do
 * without `clientRebalance` (QueryAssignmentProcessor).
 */
import {
  MessageRequestMode,
  MessageRequestModeTable,
  MODE_PULL,
  QueryAssignmentRequestBody,
  QueryAssignmentResponseBody,
} from '../../protocol/assignment.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { compareQueues, compareText, type MessageQueue } from '../../protocol/message-queue.ts'
import { averageShare, circleShare } from '../../protocol/queue-share.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { Route } from '../routes.ts'
import { savedResponse } from '../saved-response.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { RETRY_PREFIX } from '../topics/topic-validator.ts'
import type { MessageRequestModes } from './message-request-modes.ts'

const BROADCASTING = 'BROADCASTING'

type Share = (queues: readonly MessageQueue[], index: number, count: number) => MessageQueue[]

/** By Java's names. */
const STRATEGIES: ReadonlyMap<string, Share> = new Map([
  ['AVG', averageShare],
  ['AVG_BY_CIRCLE', circleShare],
])

export interface AssignmentParts {
  readonly config: Pick<BrokerConfig, 'serverLoadBalancerEnable'>
  readonly clients: ClientRegistry
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly modes: MessageRequestModes
  /** Where the queues of a topic are, on all brokers; undefined for a topic that is nowhere. */
  readonly queues: { find(topic: string): Promise<readonly MessageQueue[] | undefined> }
}

export function assignmentRoutes(parts: AssignmentParts): readonly Route[] {
  const { modes } = parts
  return [
    [RequestCode.QUERY_ASSIGNMENT, (request) => queryAssignment(parts, request)],
    [RequestCode.SET_MESSAGE_REQUEST_MODE, (request) => setMode(parts, request)],
    [RequestCode.GET_ALL_MESSAGE_REQUEST_MODE, (request) => allModes(modes, request)],
  ]
}

async function queryAssignment(
  parts: AssignmentParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const asked = decodeBody(QueryAssignmentRequestBody, request.body)
  const queues = await shareOf(parts, asked)
  const body = encodeBody(QueryAssignmentResponseBody, {
    messageQueueAssignments: queues?.map((messageQueue) => {
      return { attachments: undefined, messageQueue, mode: MODE_PULL }
    }),
  })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** Undefined where there is nothing to say, and the client keeps what it has (doLoadBalance). */
async function shareOf(
  { config, clients, queues }: AssignmentParts,
  asked: QueryAssignmentRequestBody,
): Promise<readonly MessageQueue[] | undefined> {
  const all = await queues.find(asked.topic)
  if (all === undefined || asked.messageModel === BROADCASTING) return all
  if (!config.serverLoadBalancerEnable) return all
  const clientIds = clients.consumerGroup(asked.consumerGroup)?.clientIds
  const share = STRATEGIES.get(asked.strategyName)
  if (clientIds === undefined || share === undefined) return undefined
  if (all.length === 0 || asked.clientId === '') return undefined
  const index = clientIds.toSorted(compareText).indexOf(asked.clientId)
  return index === -1 ? [] : share(all.toSorted(compareQueues), index, clientIds.length)
}

function setMode(parts: AssignmentParts, request: RemotingCommand): Promise<RemotingCommand> {
  const { topics, groups, modes } = parts
  const mode = decodeBody(MessageRequestMode, request.body)
  if (mode.topic.startsWith(RETRY_PREFIX)) {
    throw refusal(ResponseCode.NO_PERMISSION, 'retry topic is not allowed to set mode')
  }
  if (topics.find(mode.topic) === undefined) {
    throw refusal(ResponseCode.TOPIC_NOT_EXIST, `topic[${mode.topic}] not exist`)
  }
  if (groups.find(mode.consumerGroup) === undefined) {
    throw refusal(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, 'subscription group does not exist')
  }
  // Consumers would be told to pop, and find that nobody answers.
  if (mode.mode !== MODE_PULL) {
    throw refusal(ResponseCode.INVALID_PARAMETER, `mode ${mode.mode} is not supported yet`)
  }
  modes.put(mode)
  return savedResponse(request, modes)
}

function allModes(modes: MessageRequestModes, request: RemotingCommand): RemotingCommand {
  const body = encodeBody(MessageRequestModeTable, modes.table())
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function refusal(code: number, remark: string): BrokerError {
  return new BrokerError(code, remark)
}
