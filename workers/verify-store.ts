/** Verifies a store with a thread a core. It only reads, and a broker may be running on it. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { StoreError } from '../engine/base/errors.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import { listSegments } from '../engine/log/log-segments.ts'
import type { SegmentVerification } from '../engine/log/log-verify.ts'
import { queueFileBytesOf } from '../engine/queue/consume-queue-store.ts'
import { mergeQueues, type QueueVerification } from '../engine/store/queue-verify.ts'
import { type VerifyAnswer, type VerifySetup, VerifyWord } from './verify-messages.ts'

export interface VerifyOptions {
  /** Hold the consume queues to the log too. @default false */
  readonly queues?: boolean
  /** Bytes a second to read at most. @default as many as there are */
  readonly bytesPerSecond?: number | undefined
  /** Called a few times a second with the bytes that were verified, and that are to be. */
  readonly onProgress?: (doneBytes: number, totalBytes: number) => void
}

export interface StoreVerification {
  readonly segmentBytes: number
  readonly segments: readonly SegmentVerification[]
  /** Those that do not match the log. */
  readonly damagedQueues: readonly QueueVerification[]
  /** False for a store that was killed or is in use: its queues are built again, or being built. */
  readonly areQueuesVerified: boolean
}

const PROGRESS_MS = 200
const MEBIBYTE = 1024 * 1024

/**
 * Reads every record of the store in `directory`.
 * @throws {StoreError} `STORE_DIRECTORY_UNUSABLE` when there is none, `STORE_FILE_INVALID` for
 * files that RocketMQ never makes, `STORE_IO_FAILED`
 */
export async function verifyStore(
  directory: string,
  { queues = false, bytesPerSecond, onProgress }: VerifyOptions = {},
): Promise<StoreVerification> {
  const files = nodeFileSystem()
  const layout = storeLayout(directory)
  if (!files.exists(layout.commitLog)) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `there is no store in ${directory}`)
  }
  const listing = listSegments(files, layout.commitLog, {
    segmentBytes: undefined,
    defaultBytes: 1,
  })
  const areQueuesVerified = queues && !files.exists(layout.abort)
  const { startOffsets, segmentBytes } = listing
  const threadCount = Math.max(1, Math.min(availableParallelism(), startOffsets.length))
  const words = new SharedArrayBuffer(VerifyWord.COUNT * Int32Array.BYTES_PER_ELEMENT)
  const fileBytes = queueFileBytesOf(files, layout.consumeQueue)
  const setup: VerifySetup = {
    log: { directory: layout.commitLog, segmentBytes },
    startOffsets,
    queues: areQueuesVerified ? { root: layout.consumeQueue, fileBytes } : undefined,
    bytesPerSecond: bytesPerSecond === undefined ? undefined : bytesPerSecond / threadCount,
    words,
  }
  const tell = (): void => {
    const mebibytes = Atomics.load(new Int32Array(words), VerifyWord.DONE_MEBIBYTES)
    onProgress?.(mebibytes * MEBIBYTE, startOffsets.length * segmentBytes)
  }
  const timer = setInterval(tell, PROGRESS_MS)
  try {
    const answers = await Promise.all(Array.from({ length: threadCount }, () => runThread(setup)))
    tell()
    const segments = answers.flat().sort((left, right) => left.startOffset - right.startOffset)
    const damagedQueues = mergeQueues(segments.map(({ queues: found }) => found))
    return { segmentBytes, segments, damagedQueues, areQueuesVerified }
  } catch (error) {
    throw new StoreError('STORE_IO_FAILED', `cannot verify the store in ${directory}`, {
      cause: error,
    })
  } finally {
    clearInterval(timer)
  }
}

/** The answers of one thread, once it has ended by itself. */
function runThread(setup: VerifySetup): Promise<VerifyAnswer[]> {
  return new Promise((resolve, reject) => {
    const answers: VerifyAnswer[] = []
    const worker = new Worker(new URL('./verify-worker.js', import.meta.url), { workerData: setup })
    worker.on('message', (answer: VerifyAnswer) => answers.push(answer))
    worker.on('error', reject)
    worker.on('exit', () => resolve(answers))
  })
}
