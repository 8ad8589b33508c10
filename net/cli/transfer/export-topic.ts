/** Prints the messages of a topic from a store that nobody need run. */
import { once } from 'node:events'
import process from 'node:process'
import { StoreError } from '../../../engine/base/errors.ts'
import { DescriptorCache } from '../../../engine/file/descriptor-cache.ts'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { isPreBlankUnit } from '../../../engine/format/consume-queue-format.ts'
import { type StoredMessage, toStoredMessage } from '../../../engine/format/stored-message.ts'
import { type LogLocation, LogScanner, ScanStep } from '../../../engine/log/log-scanner.ts'
import { ConsumeQueue } from '../../../engine/queue/consume-queue.ts'
import { findQueueEnd } from '../../../engine/queue/consume-queue-files.ts'
import { listConsumeQueues, queueFileBytesOf } from '../../../engine/queue/consume-queue-store.ts'
import { searchQueueByTime } from '../../../engine/queue/queue-time-search.ts'
import { unitsOf } from '../../../engine/queue/queue-units.ts'
import { listStoreSegments } from '../../../engine/store/store-segments.ts'
import { exportedLine } from './exported-message.ts'
import { TransferError } from './transfer-error.ts'

/** A queue offset, or a time in ms. */
export type ExportPlace = { readonly offset: number } | { readonly timestampMs: number }

export interface ExportRequest {
  readonly directory: string
  readonly topic: string
  /** All queues when nothing is said. */
  readonly queueId: number | undefined
  /** @default the oldest message */
  readonly from: ExportPlace | undefined
  /** Place behind the last message. @default the end of the queue */
  readonly to: ExportPlace | undefined
}

const OPEN_FILES_MAX = 100

/** Prints one line a message. @throws {TransferError} @throws {StoreError} as a store's reader */
export async function exportTopic(request: ExportRequest): Promise<void> {
  for (const message of messagesOf(request)) {
    const isRoomLeft = process.stdout.write(`${await exportedLine(message)}\n`)
    if (!isRoomLeft) await once(process.stdout, 'drain')
  }
}

/**
 * The messages of a topic, queue by queue in order.
 * @throws {TransferError} `TRANSFER_TOPIC_UNKNOWN`
 * @throws {StoreError} `STORE_DIRECTORY_UNUSABLE`, `STORE_RECORD_CORRUPT` where the log is damaged
 */
export function* messagesOf(request: ExportRequest): Generator<StoredMessage, void, undefined> {
  const files = nodeFileSystem()
  const layout = storeLayout(request.directory)
  if (!files.exists(layout.commitLog)) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `there is no store in ${request.directory}`)
  }
  const root = layout.consumeQueue
  const listing = listStoreSegments(files, layout)
  const log = { directory: layout.commitLog, segmentBytes: listing.segmentBytes }
  const logStartOffset = listing.startOffsets[0] ?? 0
  const limit = (listing.startOffsets.at(-1) ?? 0) + listing.segmentBytes
  const descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  const scanner = new LogScanner(files, log, { checkCrc: true })
  const queues = [...listConsumeQueues(files, { root, fileBytes: queueFileBytesOf(files, root) })]
    .filter(({ topic, queueId }) => topic === request.topic && isWanted(queueId, request))
    .map((place) => new ConsumeQueue(files, { ...place, descriptors }))
    .sort((left, right) => left.queueId - right.queueId)
  if (queues.length === 0) throw unknown(request)
  try {
    for (const queue of queues) {
      const range = rangeOf(files, queue, log, logStartOffset, request)
      for (const { unit } of unitsOf(files, queue.location, range.fromOffset, range.toOffset)) {
        if (unit.recordBytes <= 0 || isPreBlankUnit(unit)) continue
        const { physicalOffset } = unit
        if (scanner.at(physicalOffset, limit) !== ScanStep.RECORD) throw damaged(physicalOffset)
        yield toStoredMessage(scanner.buffer, scanner.view)
      }
    }
  } finally {
    scanner.close()
    descriptors.close()
  }
}

interface OffsetRange {
  readonly fromOffset: number
  readonly toOffset: number
}

function isWanted(queueId: number, request: ExportRequest): boolean {
  return request.queueId === undefined || request.queueId === queueId
}

function rangeOf(
  files: FileSystem,
  queue: ConsumeQueue,
  log: LogLocation,
  logStartOffset: number,
  { from, to }: ExportRequest,
): OffsetRange {
  const minOffset = queue.minQueueOffset(logStartOffset)
  const endOffset = findQueueEnd(files, queue.location)
  const resolve = (place: ExportPlace): number => {
    if ('offset' in place) return place.offset
    const { timestampMs } = place
    const range = { queue: queue.location, log, minOffset, endOffset }
    return searchQueueByTime(files, { ...range, timestampMs, boundary: 'lower' })
  }
  return {
    fromOffset: Math.max(minOffset, from === undefined ? minOffset : resolve(from)),
    toOffset: Math.min(endOffset, to === undefined ? endOffset : resolve(to)),
  }
}

function damaged(physicalOffset: number): StoreError {
  const message = `no whole record at ${physicalOffset}: "agena store verify" shows what is damaged`
  return new StoreError('STORE_RECORD_CORRUPT', message)
}

function unknown({ directory, topic, queueId }: ExportRequest): TransferError {
  const queue = queueId === undefined ? '' : ` with a queue ${queueId}`
  const message = `the store in ${directory} has no topic ${topic}${queue}`
  return new TransferError('TRANSFER_TOPIC_UNKNOWN', message)
}
