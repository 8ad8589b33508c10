/**
 * CONSUMER_SEND_MSG_BACK (36): a message that a group failed to consume is stored once more, to be
 * delivered to that group alone and later, or as one of its dead letters
 * (AbstractSendMessageProcessor.consumerSendMsgBack).
 */
import { describeError } from '../../../engine/base/errors.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import { encodeProperties } from '../../../engine/format/properties-codec.ts'
import { createRecordView, readRecord } from '../../../engine/format/record-decoder.ts'
import { createRecordSource, type RecordSource } from '../../../engine/format/record-encoder.ts'
import { type StoredMessage, toStoredMessage } from '../../../engine/format/stored-message.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { ConsumerSendMsgBackRequestHeader } from '../../protocol/send-message-back.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { MessageWriter } from '../message-writer.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { Route } from '../routes.ts'
import type { DelayedMessages } from '../schedule/delayed-messages.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import { isWritablePermission } from '../topics/permission.ts'
import type { Topic } from '../topics/topic.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'
import type { DeadLetters } from './dead-letters.ts'

/** Clients from here on say themselves how often they try (MQVersion.V3_4_9). */
const VERSION_WITH_MAX_TIMES = 121
/** Where the broker chooses, the first retry has this level: 10 s by default. */
const FIRST_DELAY_LEVEL = 3

export interface SendBackParts {
  readonly config: BrokerConfig
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly stats: BrokerStats
  readonly delayed: DelayedMessages
  readonly deadLetters: DeadLetters
  readonly writer: MessageWriter
  /** The address that records name as their broker's. */
  readonly storeHost: Buffer
}

export function retryRoutes(parts: SendBackParts): readonly Route[] {
  return [[RequestCode.CONSUMER_SEND_MSG_BACK, (request) => takeBack(parts, request)]]
}

async function takeBack(parts: SendBackParts, request: RemotingCommand): Promise<RemotingCommand> {
  const header = decodeHeader(ConsumerSendMsgBackRequestHeader, request.extFields)
  const { config, groups } = parts
  const group = groups.find(header.group)
  if (group === undefined) {
    const remark = `subscription group not exist, ${header.group}`
    throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }
  if (!isWritablePermission(config.brokerPermission)) {
    const remark = `the broker[${config.brokerIP1}] sending message is forbidden`
    throw new BrokerError(ResponseCode.NO_PERMISSION, remark)
  }
  // A group without a queue for retries wants none.
  if (group.retryQueueNums <= 0) return createResponse(request, ResponseCode.SUCCESS)
  const topic = parts.topics.createRetryTopic(header.group, group.retryQueueNums, header.unitMode)
  if (!topic.isWritable) {
    const remark = `the topic[${topic.name}] sending message is forbidden`
    throw new BrokerError(ResponseCode.NO_PERMISSION, remark)
  }
  const record = await parts.store.readRecord(header.offset)
  if (record === undefined) {
    const remark = `look message by offset failed, ${header.offset}`
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
  }
  const isOfClient = request.version >= VERSION_WITH_MAX_TIMES
  const asked = isOfClient ? header.maxReconsumeTimes : undefined
  try {
    await storeAgain(parts, record, {
      group: header.group,
      topic,
      queueNums: group.retryQueueNums,
      delayLevel: header.delayLevel,
      reconsumeTimesMax: asked ?? group.retryMaxTimes,
    })
  } catch (error) {
    // As in Java, whatever the reason: the client then sends the message itself.
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, describeError(error))
  }
  // Made for it, perhaps: a kill would take the topic back, and the message out of reach.
  await parts.topics.settled()
  return createResponse(request, ResponseCode.SUCCESS)
}

interface Retry {
  readonly group: string
  readonly topic: Topic
  readonly queueNums: number
  /** 0: the broker chooses. Negative: no more tries. */
  readonly delayLevel: number
  readonly reconsumeTimesMax: number
}

async function storeAgain(parts: SendBackParts, record: Buffer, retry: Retry): Promise<void> {
  const { delayed, deadLetters, stats, store, writer } = parts
  const view = createRecordView()
  readRecord(record, 0, record.length, view, { checkCrc: false })
  const message = toStoredMessage(record, view)
  const isDead = message.reconsumeTimes >= retry.reconsumeTimesMax || retry.delayLevel < 0
  const chosenLevel = retry.delayLevel || FIRST_DELAY_LEVEL + message.reconsumeTimes
  const level = isDead ? 0 : chosenLevel
  const properties = retryProperties(message, level)
  const queueId = Math.floor(Math.random() * retry.queueNums)
  const source = sourceOf(record, view, parts.storeHost)
  const { bytes } = await writer.put(source, () => {
    setProperties(source, properties)
    if (isDead) return deadLetters.bury(source, retry.group).tail
    const { name, nameBytes } = retry.topic
    source.topic = nameBytes
    source.topicStart = 0
    source.topicEnd = nameBytes.length
    source.queueId = queueId
    return level > 0 ? delayed.redirect(source, level) : store.tail(name, queueId)
  })
  if (level > 0) stats.topicSlot(SCHEDULE_TOPIC).count(1, bytes)
  const origin = message.properties.get(PropertyName.RETRY_TOPIC) ?? message.topic
  stats.sentBack(retry.group, origin, bytes)
}

/** All but topic, queue and properties, which the caller sets. */
function sourceOf(
  record: Buffer,
  view: ReturnType<typeof createRecordView>,
  storeHost: Buffer,
): RecordSource {
  return {
    ...createRecordSource(),
    flag: view.flag,
    sysFlag: view.sysFlag,
    bornTimestampMs: view.bornTimestampMs,
    bornHost: record.subarray(view.bornHostStart, view.bornHostEnd),
    storeHost,
    reconsumeTimes: view.reconsumeTimes + 1,
    body: record,
    bodyStart: view.bodyStart,
    bodyEnd: view.bodyEnd,
  }
}

/** The first topic and the first id of a message stay with it over all its tries. */
function retryProperties(message: StoredMessage, delayLevel: number): Buffer {
  const { RETRY_TOPIC, ORIGIN_MESSAGE_ID, WAIT_STORE_MSG_OK, DELAY_TIME_LEVEL } = PropertyName
  const properties = new Map(message.properties)
  if (!properties.has(RETRY_TOPIC)) properties.set(RETRY_TOPIC, message.topic)
  if ((properties.get(ORIGIN_MESSAGE_ID) ?? '').trim() === '') {
    properties.set(ORIGIN_MESSAGE_ID, message.messageId)
  }
  properties.set(WAIT_STORE_MSG_OK, 'false')
  properties.set(DELAY_TIME_LEVEL, String(delayLevel))
  return encodeProperties(properties)
}

function setProperties(source: RecordSource, properties: Buffer): void {
  source.properties = properties
  source.propertiesStart = 0
  source.propertiesEnd = properties.length
}
