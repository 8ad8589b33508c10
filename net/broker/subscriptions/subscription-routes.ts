/** Making, showing and deleting consumer groups (AdminBrokerProcessor). */
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
import { changedAttributesOf } from '../attributes.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { Route } from '../routes.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import { validateGroupName } from '../topics/topic-validator.ts'
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
  ]
}

async function putGroup(
  groups: SubscriptionGroups,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const config = decodeBody(SubscriptionGroupConfig, request.body)
  put(groups, config)
  await groups.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

async function putGroups(
  groups: SubscriptionGroups,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { groupConfigList } = decodeBody(SubscriptionGroupList, request.body)
  for (const { groupName } of groupConfigList) validateGroupName(groupName)
  for (const config of groupConfigList) put(groups, config)
  await groups.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

function put(groups: SubscriptionGroups, config: SubscriptionGroupConfig): void {
  validateGroupName(config.groupName)
  const known = groups.has(config.groupName) ? groups.find(config.groupName) : undefined
  const attributes = changedAttributesOf(known?.attributes ?? new Map(), config.attributes)
  groups.put({ ...config, attributes })
}

async function deleteGroup(
  { groups, offsets, stats }: SubscriptionRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(DeleteSubscriptionGroupRequestHeader, request.extFields)
  groups.remove(header.groupName)
  stats.forgetGroup(header.groupName)
  if (header.cleanOffset) offsets.removeGroup(header.groupName)
  await groups.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

function allGroups(groups: SubscriptionGroups, request: RemotingCommand): RemotingCommand {
  const extFields = new Map([['totalGroupNum', String(groups.size)]])
  const body = encodeBody(SubscriptionGroupTable, groups.table())
  return createResponse(request, ResponseCode.SUCCESS, { extFields, body })
}

function oneGroup(groups: SubscriptionGroups, request: RemotingCommand): RemotingCommand {
  const { group } = decodeHeader(GetSubscriptionGroupConfigRequestHeader, request.extFields)
  const config = groups.has(group) ? groups.find(group) : undefined
  if (config === undefined) {
    const remark = `No group in this broker. group: ${group}`
    throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }
  const body = encodeBody(SubscriptionGroupConfig, config)
  return createResponse(request, ResponseCode.SUCCESS, { body })
}
