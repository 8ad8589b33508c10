/** Making, showing and deleting consumer groups (AdminBrokerProcessor). */
import { GroupForbidden, UpdateGroupForbiddenRequestHeader } from '../../protocol/group-query.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  DeleteSubscriptionGroupRequestHeader,
  GetSubscriptionGroupConfigRequestHeader,
  SubscriptionGroupConfig,
  SubscriptionGroupList,
  SubscriptionGroupTable,
} from '../../protocol/subscription-group.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { attributeChangesOf, changedAttributes } from '../attributes.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { Route } from '../routes.ts'
import { savedResponse } from '../saved-response.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { validateGroupName } from '../topics/topic-validator.ts'
import { GROUP_ATTRIBUTES } from './group-attributes.ts'
import type { SubscriptionGroups } from './subscription-groups.ts'

export interface SubscriptionRouteParts {
  readonly groups: SubscriptionGroups
  readonly offsets: ConsumerOffsets
  readonly stats: BrokerStats
}

export function subscriptionRoutes(parts: SubscriptionRouteParts): readonly Route[] {
  const { groups } = parts
  return [
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, (request) => putGroup(groups, request)],
    [RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST, (request) => putGroups(groups, request)],
    [RequestCode.DELETE_SUBSCRIPTIONGROUP, (request) => deleteGroup(parts, request)],
    [RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, (request) => allGroups(groups, request)],
    [RequestCode.GET_SUBSCRIPTIONGROUP_CONFIG, (request) => oneGroup(groups, request)],
    [RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, (request) => permitRead(groups, request)],
  ]
}

async function putGroup(
  groups: SubscriptionGroups,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  return putAll(groups, request, [decodeBody(SubscriptionGroupConfig, request.body)])
}

async function putGroups(
  groups: SubscriptionGroups,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  return putAll(groups, request, decodeBody(SubscriptionGroupList, request.body).groupConfigList)
}

/** Makes or changes groups: all of them or, when one of them cannot be, none. */
async function putAll(
  groups: SubscriptionGroups,
  request: RemotingCommand,
  asked: readonly SubscriptionGroupConfig[],
): Promise<RemotingCommand> {
  const configs = asked.map((config) => changedConfig(groups, config))
  for (const config of configs) groups.put(config)
  return savedResponse(request, groups)
}

function changedConfig(
  groups: SubscriptionGroups,
  config: SubscriptionGroupConfig,
): SubscriptionGroupConfig {
  validateGroupName(config.groupName)
  const current = groups.get(config.groupName)?.attributes
  const changes = attributeChangesOf(config.attributes)
  return { ...config, attributes: changedAttributes(GROUP_ATTRIBUTES, current, changes) }
}

async function deleteGroup(
  { groups, offsets, stats }: SubscriptionRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(DeleteSubscriptionGroupRequestHeader, request.extFields)
  groups.remove(header.groupName)
  stats.forgetGroup(header.groupName)
  if (header.cleanOffset) offsets.removeGroup(header.groupName)
  return savedResponse(request, groups, offsets)
}

function allGroups(groups: SubscriptionGroups, request: RemotingCommand): RemotingCommand {
  const extFields = new Map([['totalGroupNum', String(groups.size)]])
  const body = encodeBody(SubscriptionGroupTable, groups.table())
  return createResponse(request, ResponseCode.SUCCESS, { extFields, body })
}

function oneGroup(groups: SubscriptionGroups, request: RemotingCommand): RemotingCommand {
  const { group } = decodeHeader(GetSubscriptionGroupConfigRequestHeader, request.extFields)
  const config = groups.get(group)
  if (config === undefined) {
    const remark = `No group in this broker. group: ${group}`
    throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }
  const body = encodeBody(SubscriptionGroupConfig, config)
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** Unlike Java's broker, keeps also what becomes permitted again over a restart. */
async function permitRead(
  groups: SubscriptionGroups,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(UpdateGroupForbiddenRequestHeader, request.extFields)
  const { group, topic, readable } = header
  if (readable !== undefined) groups.permitRead(group, topic, readable)
  const response = await savedResponse(request, groups)
  response.body = encodeBody(GroupForbidden, {
    group,
    readable: groups.mayRead(group, topic),
    topic,
  })
  return response
}
