/** What brokers ask of a consumer. RocketMQ: `ClientRemotingProcessor`. */

import process from 'node:process'
import type { ConsumeMessageDirectlyResult } from '../protocol/consumer-running-info.ts'
import {
  ConsumerRunningInfo,
  ConsumeMessageDirectlyResult as DirectResultBody,
} from '../protocol/consumer-running-info.ts'
import {
  ConsumeMessageDirectlyRequestHeader,
  GetConsumerRunningInfoRequestHeader,
  GetConsumerStatusBody,
  GetConsumerStatusRequestHeader,
} from '../protocol/consumer-status.ts'
import { decodeHeader } from '../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResetOffsetBody, ResetOffsetRequestHeader } from '../protocol/reset-offset.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../remoting/remoting-command.ts'
import type { RequestHandler } from '../remoting/request-routes.ts'
import type { MessageQueue } from './message-queue.ts'
import type { QueueOffset } from './offset-store.ts'

/** A consumer as brokers see it. */
export interface AskedConsumer {
  readonly group: string
  /** The members of the group have changed. */
  rebalance(): void
  /** Goes on elsewhere in those of the queues that it has. */
  reset(offsets: readonly QueueOffset[]): Promise<void>
  /** How far it is in the queues that it has. */
  readonly progress: readonly QueueOffset[]
  runningInfo(): ConsumerRunningInfo
  /** Consumes the message in a record, whatever the offsets are; undefined when it has no
   *  listener. */
  consumeDirectly(
    record: Buffer,
    brokerName: string,
  ): Promise<ConsumeMessageDirectlyResult | undefined>
}

/** The handler of a request code; undefined for what a consumer is not asked. */
export function consumerRequestHandler(
  consumer: AskedConsumer,
  code: number,
): RequestHandler | undefined {
  switch (code) {
    case RequestCode.NOTIFY_CONSUMER_IDS_CHANGED:
      return (request) => {
        if (request.extFields.get('consumerGroup') === consumer.group) consumer.rebalance()
        return undefined
      }
    case RequestCode.RESET_CONSUMER_CLIENT_OFFSET:
      return (request) => resetOffsets(consumer, request)
    case RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT:
      return (request) => status(consumer, request)
    case RequestCode.GET_CONSUMER_RUNNING_INFO:
      return (request) => runningInfo(consumer, request)
    case RequestCode.CONSUME_MESSAGE_DIRECTLY:
      return (request) => consumeDirectly(consumer, request)
    default:
      return undefined
  }
}

async function resetOffsets(
  consumer: AskedConsumer,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const { group, topic } = decodeHeader(ResetOffsetRequestHeader, request.extFields)
  if (group !== consumer.group) return notOfGroup(request, group)
  const { offsetTable } = decodeBody(ResetOffsetBody, request.body)
  const meant = offsetTable.filter(([queue]) => queue.topic === topic)
  await consumer.reset(meant.map(([queue, offset]) => ({ queue, offset })))
  return createResponse(request, ResponseCode.SUCCESS)
}

function status(consumer: AskedConsumer, request: RemotingCommand): RemotingCommand {
  const { group, topic } = decodeHeader(GetConsumerStatusRequestHeader, request.extFields)
  const known = group === consumer.group ? consumer.progress : []
  const ofTopic = known.filter(({ queue }) => topic.trim() === '' || queue.topic === topic)
  const messageQueueTable = ofTopic.map(({ queue, offset }): [MessageQueue, number] => [
    queue,
    offset,
  ])
  const body = encodeBody(GetConsumerStatusBody, { consumerTable: new Map(), messageQueueTable })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function runningInfo(consumer: AskedConsumer, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, jstackEnable } = decodeHeader(
    GetConsumerRunningInfoRequestHeader,
    request.extFields,
  )
  if (consumerGroup !== consumer.group) return notOfGroup(request, consumerGroup)
  const info = consumer.runningInfo()
  const jstack = jstackEnable === true ? describeProcess() : undefined
  const body = encodeBody(ConsumerRunningInfo, { ...info, jstack })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

async function consumeDirectly(
  consumer: AskedConsumer,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(ConsumeMessageDirectlyRequestHeader, request.extFields)
  const { brokerName = '', consumerGroup } = header
  if (consumerGroup !== consumer.group) return notOfGroup(request, consumerGroup)
  const result = await consumer.consumeDirectly(request.body, brokerName)
  if (result === undefined) return notOfGroup(request, consumerGroup)
  return createResponse(request, ResponseCode.SUCCESS, {
    body: encodeBody(DirectResultBody, result),
  })
}

function notOfGroup(request: RemotingCommand, group: string): RemotingCommand {
  const remark = `The Consumer Group <${group}> not exist in this consumer`
  return createResponse(request, ResponseCode.SYSTEM_ERROR, { remark })
}

/** Instead of Java's stacks of threads: what this process waits for. */
function describeProcess(): string {
  const counts = new Map<string, number>()
  for (const name of process.getActiveResourcesInfo()) {
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  const resources = [...counts].map(([name, count]) => `${name} ${count}`)
  return `Node.js ${process.version}, waits for: ${resources.join(', ')}\n`
}
