/** Send requests as plain objects, so that two ways of reading one can be compared. */
import { decodeHeader } from '../../../net/protocol/header-table.ts'
import { unescapeJson } from '../../../net/protocol/json-escape.ts'
import {
  fromShortNames,
  SendMessageRequestHeader,
  SendMessageRequestHeaderV2,
} from '../../../net/protocol/send-message.ts'
import type { SendRequestView } from '../../../net/protocol/send-message-scanner.ts'
import { decodeFrame } from '../../../net/remoting/command-codec.ts'
import type { RawFrame } from '../../../net/remoting/frame-splitter.ts'

/** What a scanned request says. */
export function contentOf(view: SendRequestView): object {
  const text = (start: number, end: number): string => view.buffer.toString('utf8', start, end)
  const properties = Buffer.alloc(view.propertiesEnd - view.propertiesStart)
  const { propertiesStart, propertiesEnd } = view
  const propertiesBytes = view.propertiesEscaped
    ? unescapeJson(view.buffer, propertiesStart, propertiesEnd, properties, 0)
    : view.buffer.copy(properties, 0, propertiesStart, propertiesEnd)
  return {
    code: view.code,
    opaque: view.opaque,
    isOneway: view.isOneway,
    body: view.buffer.subarray(view.bodyStart, view.bodyEnd),
    producerGroup: text(view.producerGroupStart, view.producerGroupEnd),
    topic: text(view.topicStart, view.topicEnd),
    defaultTopic: text(view.defaultTopicStart, view.defaultTopicEnd),
    defaultTopicQueueNums: view.defaultTopicQueueNums,
    queueId: view.queueId,
    sysFlag: view.sysFlag,
    bornTimestamp: view.bornTimestampMs,
    flag: view.flag,
    properties: properties.toString('utf8', 0, propertiesBytes),
    reconsumeTimes: view.reconsumeTimes,
    unitMode: view.unitMode,
    maxReconsumeTimes: view.maxReconsumeTimes,
    batch: view.batch,
  }
}

/** The same by the generic codec; throws when that refuses the frame. */
export function decoded(frame: RawFrame): object {
  const command = decodeFrame(frame)
  const { bname: _, ...header } =
    command.code === 10
      ? decodeHeader(SendMessageRequestHeader, command.extFields)
      : fromShortNames(decodeHeader(SendMessageRequestHeaderV2, command.extFields))
  return {
    code: command.code,
    opaque: command.opaque,
    isOneway: (command.flag & 2) !== 0,
    body: command.body,
    ...header,
    // What both write to the log: half a surrogate pair has no UTF-8.
    properties: Buffer.from(header.properties ?? '').toString('utf8'),
    reconsumeTimes: header.reconsumeTimes ?? 0,
    maxReconsumeTimes: header.maxReconsumeTimes ?? -1,
  }
}
