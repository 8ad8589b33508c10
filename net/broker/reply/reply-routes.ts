/**
 * SEND_REPLY_MESSAGE (324) and SEND_REPLY_MESSAGE_V2 (325): a reply goes to the client that asked,
 * which waits for it, and is stored like any other message (ReplyMessageProcessor).
 */
import { describeError } from '../../../engine/base/errors.ts'
import { offsetMessageIdOf } from '../../../engine/format/message-id.ts'
import { createRecordSource } from '../../../engine/format/record-encoder.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { SendMessageResponseHeader } from '../../protocol/send-message.ts'
import type { SendRequestView } from '../../protocol/send-message-scanner.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { connectionState } from '../connection-state.ts'
import type { MessageWriter, WrittenMessage } from '../message-writer.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { Route } from '../routes.ts'
import type { SendAdmission } from '../send/send-admission.ts'
import { headerOfCommand, viewOfHeader } from '../send/send-command.ts'
import type { SendTarget } from '../send/send-target.ts'
import { pushReply, type ReplyPushParts } from './reply-push.ts'

/** The id of a reply that is not stored: clients want one. */
const NOT_STORED_ID = '0'

export interface ReplyParts extends ReplyPushParts {
  readonly config: Pick<BrokerConfig, 'regionId' | 'traceOn' | 'storeReplyMessageEnable'>
  readonly admission: SendAdmission
  readonly writer: MessageWriter
}

export function replyRoutes(parts: ReplyParts): readonly Route[] {
  return [RequestCode.SEND_REPLY_MESSAGE, RequestCode.SEND_REPLY_MESSAGE_V2].map((code) => [
    code,
    (request, connection) => sendReply(parts, request, connection),
  ])
}

async function sendReply(
  parts: ReplyParts,
  request: RemotingCommand,
  sender: Connection,
): Promise<RemotingCommand> {
  const { config, storeHost } = parts
  const header = headerOfCommand(request)
  const view = viewOfHeader(request, header)
  const target = await parts.admission.admitSettled(view, sender)
  const queueId = target.queueIdFor(view, sender)
  const failure = await pushReply(parts, header, request.body, sender)
  const stored = config.storeReplyMessageEnable
    ? await store(parts, view, target, queueId, sender)
    : undefined
  const extFields = encodeHeaderFields(SendMessageResponseHeader, {
    msgId:
      stored === undefined
        ? NOT_STORED_ID
        : offsetMessageIdOf(storeHost, 0, storeHost.length, stored.physicalOffset),
    queueId,
    queueOffset: stored?.queueOffset ?? 0,
    MSG_REGION: config.regionId,
    TRACE_ON: String(config.traceOn),
  })
  const code = failure === undefined ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR
  return createResponse(request, code, { extFields, remark: failure })
}

/** Whoever asked has the reply or not: that it could not be stored changes nothing for them. */
async function store(
  { writer, storeHost, logger }: ReplyParts,
  view: SendRequestView,
  target: SendTarget,
  queueId: number,
  sender: Connection,
): Promise<WrittenMessage | undefined> {
  const source = {
    ...createRecordSource(),
    topic: target.nameBytes,
    topicEnd: target.nameBytes.length,
    queueId,
    flag: view.flag,
    sysFlag: view.sysFlag,
    bornTimestampMs: view.bornTimestampMs,
    bornHost: connectionState(sender).bornHost,
    storeHost,
    reconsumeTimes: view.reconsumeTimes,
    body: view.buffer,
    bodyStart: view.bodyStart,
    bodyEnd: view.bodyEnd,
    properties: view.buffer,
    propertiesStart: view.propertiesStart,
    propertiesEnd: view.propertiesEnd,
  }
  try {
    const written = await writer.put(source, () => target.tail(queueId))
    target.stats.count(1, written.bytes)
    return written
  } catch (error) {
    logger.warn(`a reply to ${target.name} is not stored: ${describeError(error)}`)
    return undefined
  }
}
