import {
  countBatchMessages,
  createBatchMessageView,
  readBatchMessage,
} from '../../../engine/format/batch-format.ts'
import { offsetMessageIdOf } from '../../../engine/format/message-id.ts'
import { holdsNul } from '../../../engine/format/properties-codec.ts'
import { type RecordSource, recordBytes } from '../../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import type { CommitLog } from '../../../engine/log/commit-log.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import { unsupportedRemark } from './send-failure.ts'

/** What became of a batch: all of it, or nothing. */
export interface BatchAppend {
  readonly outcome: AppendOutcome
  /** What is wrong with the body, as the sender is told; undefined when nothing is. */
  readonly fault: string | undefined
  /** Queue offset of the first message. */
  readonly queueOffset: number
  /** Physical offset of the first message. */
  readonly physicalOffset: number
  /** The ids of all messages, joined by commas. */
  readonly messageIds: string
  readonly messageCount: number
}

const NOT_A_BATCH = 'the body of the batch is no sequence of messages'
export const NUL_IN_PROPERTIES = 'the properties hold the character U+0000'

const view = createBatchMessageView()

/**
 * Appends the messages of one batch one behind the other in the same segment
 * (CommitLog.DefaultAppendMessageCallback.doAppend for MessageExtBatch). `source` carries the
 * batch's own fields; its body and properties are moved from message to message. `featureOf` names
 * what a message's properties ask for and this broker does not have.
 */
export function appendBatch(
  log: CommitLog,
  source: RecordSource,
  tail: QueueTail,
  featureOf: (bytes: Buffer, start: number, end: number) => string | undefined,
): BatchAppend {
  const { body, storeHost, bodyStart: start, bodyEnd: end } = source
  source.properties = body
  const count = countBatchMessages(body, start, end, view)
  if (count <= 0) return refused(AppendOutcome.APPENDED, NOT_A_BATCH)
  const fault = faultIn(source, start, end, featureOf)
  if (fault !== undefined) return refused(AppendOutcome.APPENDED, fault)
  let outcome = measure(log, source, start, end)
  if (outcome !== AppendOutcome.APPENDED) return refused(outcome, undefined)
  const ids: string[] = []
  const queueOffset = tail.nextQueueOffset
  let physicalOffset = 0
  for (let at = start; at < end; at += view.totalBytes) {
    take(source, at, end)
    outcome = log.append(source, tail)
    // Room for the whole batch was made before, so only a broken promise of ours could end it here.
    if (outcome !== AppendOutcome.APPENDED) throw new Error(`half of a batch appended: ${outcome}`)
    if (ids.length === 0) physicalOffset = log.lastPhysicalOffset
    ids.push(offsetMessageIdOf(storeHost, 0, storeHost.length, log.lastPhysicalOffset))
  }
  return {
    outcome,
    fault: undefined,
    queueOffset,
    physicalOffset,
    messageIds: ids.join(','),
    messageCount: count,
  }
}

/** Checks every message and makes room for all of them together. */
function measure(log: CommitLog, source: RecordSource, start: number, end: number): AppendOutcome {
  if (end - start > log.messageBytesMax) return AppendOutcome.MESSAGE_TOO_LARGE
  let bytes = 0
  for (let at = start; at < end; at += view.totalBytes) {
    take(source, at, end)
    const outcome = log.admit(source)
    if (outcome !== AppendOutcome.APPENDED) return outcome
    bytes += recordBytes(source)
  }
  return log.makeRoom(bytes)
}

/** What one of the messages asks for that is refused. */
function faultIn(
  source: RecordSource,
  start: number,
  end: number,
  featureOf: (bytes: Buffer, start: number, end: number) => string | undefined,
): string | undefined {
  for (let at = start; at < end; at += view.totalBytes) {
    take(source, at, end)
    const { body, propertiesStart, propertiesEnd } = source
    if (holdsNul(body, propertiesStart, propertiesEnd)) return NUL_IN_PROPERTIES
    const feature = featureOf(body, propertiesStart, propertiesEnd)
    if (feature !== undefined) return unsupportedRemark(feature)
  }
  return undefined
}

function take(source: RecordSource, at: number, end: number): void {
  readBatchMessage(source.body, at, end, view)
  source.flag = view.flag
  source.bodyStart = view.bodyStart
  source.bodyEnd = view.bodyEnd
  source.propertiesStart = view.propertiesStart
  source.propertiesEnd = view.propertiesEnd
}

function refused(outcome: AppendOutcome, fault: string | undefined): BatchAppend {
  return {
    outcome,
    fault,
    queueOffset: 0,
    physicalOffset: 0,
    messageIds: '',
    messageCount: 0,
  }
}
