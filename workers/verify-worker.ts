/**
 * Entry of the threads that verify a store. Each takes the next job until none is left, and ends by
 * itself.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { unreachable } from '../engine/base/assert.ts'
import { systemErrorCode } from '../engine/base/errors.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import type { SegmentEnding } from '../engine/log/log-verify.ts'
import { loadBlockHasher } from '../engine/store/block-hashes.ts'
import { verifyIndexFile } from '../engine/store/index-verify.ts'
import { QueueVerifier } from '../engine/store/queue-verify.ts'
import { checkSegment } from '../engine/store/segment-check.ts'
import { ThreadPace, WalkWord } from './thread-pace.ts'
import type { VerifyAnswer, VerifyJob, VerifySetup } from './verify-messages.ts'

/** How often, and how long after, a place is looked at again where a writer may be at work. */
const RETRY_COUNT = 20
const RETRY_MS = 50

const setup: VerifySetup = workerData
const words = new Int32Array(setup.words)
const files = nodeFileSystem()
const layout = storeLayout(setup.directory)
const pace = new ThreadPace(setup.words, setup.bytesPerSecond)
const hasher = await loadBlockHasher()

function run(job: VerifyJob): VerifyAnswer {
  try {
    switch (job.kind) {
      case 'segment':
        return verifySegment(job.startOffset, job.ending)
      case 'index':
        return { kind: 'index', verification: verifyIndex(job) }
      default:
        return unreachable(job)
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return { kind: 'gone' }
    throw error
  }
}

function verifySegment(startOffset: number, ending: SegmentEnding): VerifyAnswer {
  const { segmentBytes, queueFileBytes, areRecordsWanted } = setup
  const queues =
    queueFileBytes === undefined
      ? undefined
      : new QueueVerifier(files, layout.consumeQueue, queueFileBytes)
  try {
    const segment = { layout, segmentBytes, startOffset, ending }
    const check = checkSegment(files, hasher, segment, {
      areRecordsWanted,
      pace,
      isWorthWaiting: createRetries(),
      onRecord: queues === undefined ? undefined : (scanner) => queues.check(scanner),
    })
    return { kind: 'segment', check, queues: queues?.queues ?? [] }
  } finally {
    queues?.close()
  }
}

/** A writer that is at work is done within a moment. */
function createRetries(): () => boolean {
  let left = RETRY_COUNT
  return () => {
    left -= 1
    if (left >= 0) pace.sleep(RETRY_MS)
    return left >= 0
  }
}

function verifyIndex({ path, size }: Extract<VerifyJob, { kind: 'index' }>) {
  const { segmentBytes, logStartOffset, logEndOffset } = setup
  const log = { directory: layout.commitLog, segmentBytes }
  return verifyIndexFile(files, { path, size, log, logStartOffset, logEndOffset })
}

for (;;) {
  const job = setup.jobs[Atomics.add(words, WalkWord.NEXT_JOB, 1)]
  if (job === undefined) break
  parentPort?.postMessage(run(job))
}
