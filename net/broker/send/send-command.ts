import { decodeHeader } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import {
  fromShortNames,
  SendMessageRequestHeader,
  SendMessageRequestHeaderV2,
} from '../../protocol/send-message.ts'
import { SendRequestView } from '../../protocol/send-message-scanner.ts'
import { SERIALIZE_TYPE_JSON, SERIALIZE_TYPE_ROCKETMQ } from '../../remoting/frame-format.ts'
import { isOneway, type RemotingCommand } from '../../remoting/remoting-command.ts'

/** The codes whose headers have their fields' whole names. */
const LONG_NAMES: ReadonlySet<number> = new Set([
  RequestCode.SEND_MESSAGE,
  RequestCode.SEND_REPLY_MESSAGE,
])

/**
 * A send request that took the generic path, in the form in which the scanner reads the others.
 * @throws {ProtocolError} for a header field that is missing or malformed.
 */
export function viewOfCommand(request: RemotingCommand): SendRequestView {
  return viewOfHeader(request, headerOfCommand(request))
}

/**
 * The header of a send or a reply, whichever names its fields have.
 * @throws {ProtocolError} for a header field that is missing or malformed.
 */
export function headerOfCommand(request: RemotingCommand): SendMessageRequestHeader {
  return LONG_NAMES.has(request.code)
    ? decodeHeader(SendMessageRequestHeader, request.extFields)
    : fromShortNames(decodeHeader(SendMessageRequestHeaderV2, request.extFields))
}

/** The view of a send whose header is decoded. */
export function viewOfHeader(
  request: RemotingCommand,
  header: SendMessageRequestHeader,
): SendRequestView {
  const texts = [
    header.producerGroup,
    header.topic,
    header.defaultTopic,
    header.properties ?? '',
  ].map((text) => Buffer.from(text, 'utf8'))
  const [group, topic, defaultTopic, properties] = texts as [Buffer, Buffer, Buffer, Buffer]
  const view = new SendRequestView()
  view.buffer = Buffer.concat([...texts, request.body])
  view.serializeType =
    request.serializeType === 'JSON' ? SERIALIZE_TYPE_JSON : SERIALIZE_TYPE_ROCKETMQ
  view.code = request.code
  view.opaque = request.opaque
  view.isOneway = isOneway(request)
  view.producerGroupEnd = group.length
  view.topicStart = view.producerGroupEnd
  view.topicEnd = view.topicStart + topic.length
  view.defaultTopicStart = view.topicEnd
  view.defaultTopicEnd = view.defaultTopicStart + defaultTopic.length
  view.propertiesStart = view.defaultTopicEnd
  view.propertiesEnd = view.propertiesStart + properties.length
  view.bodyStart = view.propertiesEnd
  view.bodyEnd = view.buffer.length
  view.defaultTopicQueueNums = header.defaultTopicQueueNums
  view.queueId = header.queueId
  view.sysFlag = header.sysFlag
  view.bornTimestampMs = header.bornTimestamp
  view.flag = header.flag
  view.reconsumeTimes = header.reconsumeTimes ?? 0
  view.unitMode = header.unitMode
  view.batch = header.batch
  if (header.maxReconsumeTimes !== undefined) view.maxReconsumeTimes = header.maxReconsumeTimes
  return view
}
