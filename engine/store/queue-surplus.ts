/** Finds units of a consume queue that lead to no record: the other way of queue-verify.ts. */
import type { FileSystem } from '../file/file-system.ts'
import { type LogLocation, LogScanner, ScanStep } from '../log/log-scanner.ts'
import type { LogDamage } from '../log/log-verify.ts'
import type { ConsumeQueue } from '../queue/consume-queue.ts'
import { findQueueEnd } from '../queue/consume-queue-files.ts'
import { unitsOf } from '../queue/queue-units.ts'
import type { QueueDamage } from './queue-verify.ts'

export interface VerifiedLog extends LogLocation {
  readonly logStartOffset: number
  readonly logEndOffset: number
  /** Units that lead there are not looked at: the damage itself is told. */
  readonly damages: readonly LogDamage[]
}

/**
 * The units behind `logStartOffset` that lead to no record of the queue.
 * @param recordCount how many records were found to have their unit: nothing more is read when
 * there are as many units.
 */
export function findSurplusUnits(
  files: FileSystem,
  queue: ConsumeQueue,
  log: VerifiedLog,
  recordCount: number,
): QueueDamage[] {
  const minOffset = queue.minQueueOffset(log.logStartOffset)
  const endOffset = findQueueEnd(files, queue.location)
  if (endOffset - minOffset <= recordCount) return []
  const { topic, queueId } = queue
  const scanner = new LogScanner(files, log, { checkCrc: false })
  const found: QueueDamage[] = []
  try {
    for (const { queueOffset, unit } of unitsOf(files, queue.location, minOffset, endOffset)) {
      const { physicalOffset } = unit
      if (isDamaged(log, physicalOffset)) continue
      if (leadsToRecord(scanner, log, physicalOffset, { topic, queueId, queueOffset })) continue
      const said = `no record of it, at ${physicalOffset}`
      found.push({ topic, queueId, queueOffset, physicalOffset, found: said })
    }
  } finally {
    scanner.close()
  }
  return found
}

function isDamaged({ damages }: VerifiedLog, physicalOffset: number): boolean {
  return damages.some(
    ({ kind, offset, endOffset }) =>
      kind === 'record' && physicalOffset >= offset && physicalOffset < endOffset,
  )
}

function leadsToRecord(
  scanner: LogScanner,
  { logEndOffset }: VerifiedLog,
  physicalOffset: number,
  place: { readonly topic: string; readonly queueId: number; readonly queueOffset: number },
): boolean {
  if (scanner.at(physicalOffset, logEndOffset) !== ScanStep.RECORD) return false
  const { view, buffer } = scanner
  return (
    view.queueId === place.queueId &&
    view.queueOffset === place.queueOffset &&
    buffer.toString('utf8', view.topicStart, view.topicEnd) === place.topic
  )
}
