import type { MessageFilter } from '../../../engine/store/message-filter.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { PullMessageRequestHeader } from '../../protocol/pull-message.ts'
import { MAX_MSG_BYTES_UNSET, PullRequestView } from '../../protocol/pull-message-scanner.ts'
import type { Connection } from '../../remoting/connection.ts'
import { SERIALIZE_TYPE_JSON, SERIALIZE_TYPE_ROCKETMQ } from '../../remoting/frame-format.ts'
import type { RemotingCommand } from '../../remoting/remoting-command.ts'

/** One admitted pull, kept while it waits for the disk or for a message. */
export interface Pull {
  readonly connection: Connection
  readonly opaque: number
  readonly serializeType: number
  readonly group: string
  readonly topic: string
  readonly queueId: number
  /** Queue offset that was asked for. */
  readonly askedOffset: number
  /** Queue offset from which on messages may match. */
  offset: number
  readonly messageCountMax: number
  readonly bytesMax: number
  readonly filter: MessageFilter | undefined
  /** How long it may wait for a message, in ms; 0 not at all, or no longer. */
  suspendMs: number
  /** When it is answered although nothing came. */
  deadlineMs: number
}

/**
 * A pull request that took the generic path, in the form in which the scanner reads the others.
 * @throws {ProtocolError} for a header field that is missing or malformed.
 */
export function viewOfPullCommand(request: RemotingCommand): PullRequestView {
  const header = decodeHeader(PullMessageRequestHeader, request.extFields)
  const texts = [
    header.consumerGroup,
    header.topic,
    header.subscription ?? '',
    header.expressionType ?? '',
  ].map((text) => Buffer.from(text, 'utf8'))
  const [group, topic, subscription, expressionType] = texts as [Buffer, Buffer, Buffer, Buffer]
  const view = new PullRequestView()
  view.buffer = Buffer.concat(texts)
  view.serializeType =
    request.serializeType === 'JSON' ? SERIALIZE_TYPE_JSON : SERIALIZE_TYPE_ROCKETMQ
  view.code = request.code
  view.opaque = request.opaque
  view.consumerGroupEnd = group.length
  view.topicStart = group.length
  view.topicEnd = view.topicStart + topic.length
  view.subscriptionStart = view.topicEnd
  view.subscriptionEnd = view.subscriptionStart + subscription.length
  view.expressionTypeStart = view.subscriptionEnd
  view.expressionTypeEnd = view.expressionTypeStart + expressionType.length
  view.queueId = header.queueId
  view.queueOffset = header.queueOffset
  view.maxMsgNums = header.maxMsgNums
  view.sysFlag = header.sysFlag
  view.commitOffset = header.commitOffset
  view.suspendTimeoutMs = header.suspendTimeoutMillis
  view.subVersion = header.subVersion
  view.maxMsgBytes = header.maxMsgBytes ?? MAX_MSG_BYTES_UNSET
  return view
}
