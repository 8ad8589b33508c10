/** Making, showing and deleting topics (AdminBrokerProcessor). */
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  CreateTopicListRequestBody,
  CreateTopicRequestHeader,
  DeleteTopicRequestHeader,
  GetTopicConfigRequestHeader,
  TopicConfig,
  TopicConfigTable,
} from '../../protocol/topic-config.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { changedAttributes } from '../attributes.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { Route } from '../routes.ts'
import type { TopicConfigs } from './topic-configs.ts'
import { isSystemTopic, validateTopicName } from './topic-validator.ts'

export interface TopicRouteParts {
  readonly topics: TopicConfigs
  readonly offsets: ConsumerOffsets
  readonly store: ThreadedStore
}

export function topicRoutes(parts: TopicRouteParts): readonly Route[] {
  const { topics } = parts
  return [
    [RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => createTopic(topics, request)],
    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request) => createTopics(topics, request)],
    [RequestCode.DELETE_TOPIC_IN_BROKER, (request) => deleteTopic(parts, request)],
    [RequestCode.GET_ALL_TOPIC_CONFIG, (request) => allTopics(topics, request)],
    [RequestCode.GET_TOPIC_CONFIG, (request) => oneTopic(topics, request)],
  ]
}

async function createTopic(
  topics: TopicConfigs,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(CreateTopicRequestHeader, request.extFields)
  checkChangeable(header.topic)
  const attributes = topics.find(header.topic)?.config.attributes ?? new Map<string, string>()
  topics.put({
    topicName: header.topic,
    readQueueNums: header.readQueueNums,
    writeQueueNums: header.writeQueueNums,
    perm: header.perm,
    topicFilterType: header.topicFilterType,
    topicSysFlag: header.topicSysFlag ?? 0,
    order: header.order,
    attributes: changedAttributes(attributes, header.attributes ?? ''),
  })
  await topics.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

async function createTopics(
  topics: TopicConfigs,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topicConfigList } = decodeBody(CreateTopicListRequestBody, request.body)
  for (const { topicName } of topicConfigList) checkChangeable(topicName)
  for (const config of topicConfigList) topics.put(config)
  await topics.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

async function deleteTopic(
  { topics, offsets, store }: TopicRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topic } = decodeHeader(DeleteTopicRequestHeader, request.extFields)
  checkChangeable(topic)
  topics.remove(topic)
  offsets.removeTopic(topic)
  store.deleteTopic(topic)
  await topics.save()
  return createResponse(request, ResponseCode.SUCCESS)
}

function allTopics(topics: TopicConfigs, request: RemotingCommand): RemotingCommand {
  const extFields = new Map([['totalTopicNum', String(topics.size)]])
  const body = encodeBody(TopicConfigTable, topics.table())
  return createResponse(request, ResponseCode.SUCCESS, { extFields, body })
}

function oneTopic(topics: TopicConfigs, request: RemotingCommand): RemotingCommand {
  const { topic } = decodeHeader(GetTopicConfigRequestHeader, request.extFields)
  const found = topics.find(topic)
  if (found === undefined) {
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, `No topic in this broker. topic: ${topic}`)
  }
  const body = encodeBody(TopicConfig, found.config)
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function checkChangeable(topic: string): void {
  validateTopicName(topic)
  if (!isSystemTopic(topic)) return
  const remark = `The topic[${topic}] is conflict with system topic.`
  throw new BrokerError(ResponseCode.INVALID_PARAMETER, remark)
}
