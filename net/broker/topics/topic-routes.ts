/** Making, showing and deleting topics (AdminBrokerProcessor). */
import { isDeepStrictEqual } from 'node:util'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { type AttributeChange, parseAttributeChanges } from '../../protocol/attribute-changes.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { TopicList } from '../../protocol/name-server-topic.ts'
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
import { attributeChangesOf, changedAttributes } from '../attributes.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { Route } from '../routes.ts'
import { savedResponse } from '../saved-response.ts'
import { checkTopicFeatures, TOPIC_ATTRIBUTES } from './topic-attributes.ts'
import type { TopicConfigs } from './topic-configs.ts'
import { popRetryTopicsOf, validateTopicName } from './topic-validator.ts'

const QUEUE_NUMS_MAX = 0xffff

export interface TopicRouteParts {
  readonly topics: TopicConfigs
  readonly offsets: ConsumerOffsets
  readonly store: Pick<ThreadedStore, 'deleteTopic'>
  readonly config: Pick<BrokerConfig, 'enableMixedMessageType'>
  /** Resolves when the name servers were told of all changes, see `Registration.settled`. */
  readonly registered: () => Promise<void>
}

export function topicRoutes(parts: TopicRouteParts): readonly Route[] {
  const { topics } = parts
  return [
    [RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => createTopic(parts, request)],
    [RequestCode.UPDATE_AND_CREATE_TOPIC_LIST, (request) => createTopics(parts, request)],
    [RequestCode.DELETE_TOPIC_IN_BROKER, (request) => deleteTopic(parts, request)],
    [RequestCode.GET_ALL_TOPIC_CONFIG, (request) => allTopics(topics, request)],
    [RequestCode.GET_TOPIC_CONFIG, (request) => oneTopic(topics, request)],
    [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_BROKER, (request) => systemTopicList(topics, request)],
  ]
}

async function createTopic(
  parts: TopicRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topic, attributes, topicSysFlag, ...header } = decodeHeader(
    CreateTopicRequestHeader,
    request.extFields,
  )
  const asked: AskedTopic = {
    config: {
      topicName: topic,
      readQueueNums: header.readQueueNums,
      writeQueueNums: header.writeQueueNums,
      perm: header.perm,
      topicFilterType: header.topicFilterType,
      topicSysFlag: topicSysFlag ?? 0,
      order: header.order,
    },
    changes: parseAttributeChanges(attributes),
  }
  return changeTopics(parts, request, [asked])
}

async function createTopics(
  parts: TopicRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topicConfigList } = decodeBody(CreateTopicListRequestBody, request.body)
  const asked = topicConfigList.map(({ attributes, ...config }) => {
    return { config, changes: attributeChangesOf(attributes) }
  })
  return changeTopics(parts, request, asked)
}

/** A topic as a request wants it to be. */
interface AskedTopic {
  readonly config: Omit<TopicConfig, 'attributes'>
  readonly changes: readonly AttributeChange[]
}

/** Makes or changes topics: all of them or, when one of them cannot be, none. */
async function changeTopics(
  parts: TopicRouteParts,
  request: RemotingCommand,
  asked: readonly AskedTopic[],
): Promise<RemotingCommand> {
  const { topics } = parts
  const configs = asked.map((topic) => changedConfig(parts, topic))
  for (const config of configs) {
    // Name servers are not told of a change that is none.
    if (isDeepStrictEqual(topics.find(config.topicName)?.config, config)) continue
    topics.put(config)
  }
  const response = await savedResponse(request, topics)
  // Whoever made a topic sends to it next.
  await parts.registered()
  return response
}

function changedConfig(parts: TopicRouteParts, { config, changes }: AskedTopic): TopicConfig {
  const { topics } = parts
  validateTopicName(config.topicName)
  checkNotSystem(topics, config.topicName)
  checkQueueNums(config.readQueueNums)
  checkQueueNums(config.writeQueueNums)
  checkTopicFeatures(changes, parts.config)
  const current = topics.find(config.topicName)?.config.attributes
  return { ...config, attributes: changedAttributes(TOPIC_ATTRIBUTES, current, changes) }
}

/**
 * With the topic go its retries by groups that pop (AdminBrokerProcessor.deleteTopic). Answered
 * when neither a kill nor a loss of power brings them back.
 */
async function deleteTopic(
  { topics, offsets, store }: TopicRouteParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { topic } = decodeHeader(DeleteTopicRequestHeader, request.extFields)
  if (topic.trim() === '') throw invalid('The specified topic is blank.')
  checkNotSystem(topics, topic)
  const retries = offsets.groupsOf(topic).flatMap((group) => popRetryTopicsOf(topic, group))
  const known = retries.filter((retry) => topics.find(retry) !== undefined)
  const deletions = [topic, ...known].map((name) => {
    topics.remove(name)
    offsets.removeTopic(name)
    return store.deleteTopic(name)
  })
  await Promise.all(deletions)
  return savedResponse(request, topics, offsets)
}

function allTopics(topics: TopicConfigs, request: RemotingCommand): RemotingCommand {
  const extFields = new Map([['totalTopicNum', String(topics.size)]])
  const body = encodeBody(TopicConfigTable, topics.table())
  return createResponse(request, ResponseCode.SUCCESS, { extFields, body })
}

function systemTopicList(topics: TopicConfigs, request: RemotingCommand): RemotingCommand {
  const topicList = topics.systemNames
  const body = encodeBody(TopicList, { brokerAddr: undefined, topicList })
  return createResponse(request, ResponseCode.SUCCESS, { body })
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

function checkNotSystem(topics: TopicConfigs, topic: string): void {
  if (topics.isSystem(topic)) throw invalid(`The topic[${topic}] is conflict with system topic.`)
}

/** Java takes any number; a slip of the hand would make every look at the topic endless. */
function checkQueueNums(queueNums: number): void {
  if (queueNums >= 0 && queueNums <= QUEUE_NUMS_MAX) return
  throw invalid(`a topic has 0 to ${QUEUE_NUMS_MAX} queues, not ${queueNums}`)
}

function invalid(remark: string): BrokerError {
  return new BrokerError(ResponseCode.INVALID_PARAMETER, remark)
}
