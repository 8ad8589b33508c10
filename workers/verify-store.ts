/** Verifies a store with a thread a core. It only reads, and a broker may be running on it. */
import { StoreError } from '../engine/base/errors.ts'
import { DescriptorCache } from '../engine/file/descriptor-cache.ts'
import type { FileSystem } from '../engine/file/file-system.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { type StoreLayout, storeLayout } from '../engine/file/store-layout.ts'
import { findNewestSegment } from '../engine/log/newest-segment.ts'
import type { SegmentListing } from '../engine/log/segment-listing.ts'
import { ConsumeQueue } from '../engine/queue/consume-queue.ts'
import { listConsumeQueues, queueFileBytesOf } from '../engine/queue/consume-queue-store.ts'
import { indexSizeOf } from '../engine/queue/index-size.ts'
import { listIndexFiles } from '../engine/queue/index-store.ts'
import type { IndexVerification } from '../engine/store/index-verify.ts'
import { findSurplusUnits, type VerifiedLog } from '../engine/store/queue-surplus.ts'
import { mergeQueues, type QueueVerification } from '../engine/store/queue-verify.ts'
import type { SegmentCheck } from '../engine/store/segment-check.ts'
import { listStoreSegments } from '../engine/store/store-segments.ts'
import { createWalkWords } from './thread-pace.ts'
import type { VerifyAnswer, VerifyJob, VerifySetup } from './verify-messages.ts'
import { walkInThreads, walkThreadCount } from './walk-threads.ts'

export interface VerifyOptions {
  /**
   * Read every record, also of segments whose hashes match, and hold consume queues and index to
   * the log. @default false
   */
  readonly all?: boolean
  /** Bytes a second to read at most. @default as many as there are */
  readonly bytesPerSecond?: number | undefined
  /** Called a few times a second with the bytes that were verified, and that are to be. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

export interface StoreVerification {
  readonly segmentBytes: number
  readonly segments: readonly SegmentCheck[]
  /** Those that do not match the log. */
  readonly damagedQueues: readonly QueueVerification[]
  readonly indexFiles: readonly IndexVerification[]
  /** False for a store that was killed or is in use: its queues are built again, or being built. */
  readonly areQueuesVerified: boolean
  /** False also where the index files have a length that tells nothing. */
  readonly isIndexVerified: boolean
}

interface Place {
  readonly files: FileSystem
  readonly layout: StoreLayout
  readonly listing: SegmentListing
}

const OPEN_FILES_MAX = 100

/**
 * Verifies the store in `directory`.
 * @throws {StoreError} `STORE_DIRECTORY_UNUSABLE` when there is none, `STORE_FILE_INVALID` for
 * files that RocketMQ never makes, `STORE_IO_FAILED`
 */
export async function verifyStore(
  directory: string,
  options: VerifyOptions = {},
): Promise<StoreVerification> {
  const files = nodeFileSystem()
  const layout = storeLayout(directory)
  if (!files.exists(layout.commitLog)) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `there is no store in ${directory}`)
  }
  const listing = listStoreSegments(files, layout)
  const place = { files, layout, listing }
  const setup = createSetup(place, options)
  const answers = await runThreads(setup, options)
  const segments = answers.flatMap((answer) => (answer.kind === 'segment' ? [answer] : []))
  segments.sort((left, right) => left.check.startOffset - right.check.startOffset)
  const checks = segments.map(({ check }) => check)
  const areQueuesVerified = setup.queueFileBytes !== undefined
  const queues = mergeQueues(segments.map((segment) => segment.queues))
  if (areQueuesVerified) addSurplus(place, checks, queues)
  return {
    segmentBytes: listing.segmentBytes,
    segments: checks,
    damagedQueues: queues.filter(({ damageCount }) => damageCount > 0),
    indexFiles: answers.flatMap((answer) => (answer.kind === 'index' ? answer.verification : [])),
    areQueuesVerified,
    isIndexVerified: areQueuesVerified && indexSizeOf(files, layout.index) !== 'unknown',
  }
}

function createSetup(
  { files, layout, listing }: Place,
  { all = false, bytesPerSecond }: VerifyOptions,
): VerifySetup {
  const { startOffsets, segmentBytes } = listing
  const log = { directory: layout.commitLog, segmentBytes }
  const newestStart = findNewestSegment(files, log, startOffsets)
  const isOpen = files.exists(layout.abort)
  const jobs: VerifyJob[] = startOffsets.map((startOffset) => {
    const ending = startOffset < newestStart ? 'sealed' : isOpen ? 'open' : 'newest'
    return { kind: 'segment', startOffset, ending }
  })
  const areQueuesWanted = all && !isOpen
  const size = indexSizeOf(files, layout.index)
  if (areQueuesWanted && typeof size === 'object') {
    const paths = listIndexFiles(files, layout.index)
    jobs.push(...paths.map((path): VerifyJob => ({ kind: 'index', path, size })))
  }
  const threadCount = walkThreadCount(jobs)
  return {
    directory: layout.root,
    segmentBytes,
    logStartOffset: startOffsets[0] ?? 0,
    logEndOffset: (startOffsets.at(-1) ?? 0) + segmentBytes,
    jobs,
    areRecordsWanted: all,
    queueFileBytes: areQueuesWanted ? queueFileBytesOf(files, layout.consumeQueue) : undefined,
    bytesPerSecond: (bytesPerSecond ?? Number.POSITIVE_INFINITY) / threadCount,
    words: createWalkWords(),
  }
}

async function runThreads(
  setup: VerifySetup,
  { onProgress }: VerifyOptions,
): Promise<VerifyAnswer[]> {
  const segmentCount = setup.jobs.filter(({ kind }) => kind === 'segment').length
  const totalBytes = segmentCount * setup.segmentBytes
  try {
    return await walkInThreads(setup, { entry: './verify-worker.js', totalBytes, onProgress })
  } catch (error) {
    throw new StoreError('STORE_IO_FAILED', `cannot verify the store in ${setup.directory}`, {
      cause: error,
    })
  }
}

/** Adds to `queues` what they hold beyond the log. Queues that no record names are among them. */
function addSurplus(
  { files, layout, listing }: Place,
  checks: readonly SegmentCheck[],
  queues: QueueVerification[],
): void {
  const root = layout.consumeQueue
  const log: VerifiedLog = {
    directory: layout.commitLog,
    segmentBytes: listing.segmentBytes,
    logStartOffset: listing.startOffsets[0] ?? 0,
    logEndOffset: Math.max(0, ...checks.map(({ endOffset }) => endOffset)),
    damages: checks.flatMap(({ damages }) => damages),
  }
  const descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  const known = new Map(queues.map((queue) => [`${queue.topic}/${queue.queueId}`, queue]))
  for (const place of listConsumeQueues(files, {
    root,
    fileBytes: queueFileBytesOf(files, root),
  })) {
    const { topic, queueId } = place
    const verified = known.get(`${topic}/${queueId}`)
    if (verified !== undefined && verified.damageCount > 0) continue
    const queue = new ConsumeQueue(files, { ...place, descriptors })
    const recordCount = verified?.recordCount ?? 0
    const damages = findSurplusUnits(files, queue, log, recordCount)
    if (damages.length === 0) continue
    const damageCount = damages.length
    queues.push({ topic, queueId, isBegun: false, recordCount, damageCount, damages })
  }
  descriptors.close()
}
