import { assert } from '../../../engine/base/assert.ts'
import {
  countBatchMessages,
  createBatchMessageView,
  readBatchMessage,
} from '../../../engine/format/batch-format.ts'
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
  /** Where each message lies in the log; none when there is a fault or another outcome. */
  readonly physicalOffsets: readonly number[]
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
  const { body, bodyStart: start, bodyEnd: end } = source
  source.properties = body
  if (countBatchMessages(body, start, end, view) <= 0) return faulty(NOT_A_BATCH)
  const fault = faultIn(source, start, end, featureOf)
  if (fault !== undefined) return faulty(fault)
  const outcome = measure(log, source, start, end)
  const queueOffset = tail.nextQueueOffset
  if (outcome !== AppendOutcome.APPENDED) {
    return { outcome, fault, queueOffset, physicalOffsets: [] }
  }
  const physicalOffsets: number[] = []
  for (let at = start; at < end; at += view.totalBytes) {
    take(source, at, end)
    const appended = log.append(source, tail)
    // Room for the whole batch was made before, so only a broken promise of ours could end it here.
    assert(appended === AppendOutcome.APPENDED, 'a batch is appended as a whole')
    physicalOffsets.push(log.lastPhysicalOffset)
  }
  return { outcome, fault, queueOffset, physicalOffsets }
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

function faulty(fault: string): BatchAppend {
  return { outcome: AppendOutcome.APPENDED, fault, queueOffset: 0, physicalOffsets: [] }
}
