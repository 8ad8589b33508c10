/**
 * Entry of the threads that verify a store. Each takes the next segment until none is left, and
 * ends by itself.
 */
import { parentPort, workerData } from 'node:worker_threads'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { verifySegment } from '../engine/log/log-verify.ts'
import { QueueVerifier } from '../engine/store/queue-verify.ts'
import { type VerifyAnswer, type VerifySetup, VerifyWord } from './verify-messages.ts'

const MEBIBYTE = 1024 * 1024
const MS_PER_SECOND = 1000

const setup: VerifySetup = workerData
const words = new Int32Array(setup.words)
const files = nodeFileSystem()
/** Nobody ever wakes it: a wait is a sleep. */
const sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))

function verify(startOffset: number): VerifyAnswer {
  const { log, startOffsets, queues } = setup
  const verifier =
    queues === undefined ? undefined : new QueueVerifier(files, queues.root, queues.fileBytes)
  try {
    const progress = new Progress(startOffset)
    const isNewest = startOffset === startOffsets.at(-1)
    const verified = verifySegment(files, log, startOffset, isNewest, {
      onProgress: (offset) => progress.reached(offset),
      ...(verifier === undefined ? {} : { onRecord: (scanner) => verifier.check(scanner) }),
    })
    progress.reached(startOffset + log.segmentBytes, 'unpaced')
    return { ...verified, queues: verifier?.queues ?? [] }
  } finally {
    verifier?.close()
  }
}

/** Counts what was read, and sleeps where that is faster than it may be. */
class Progress {
  readonly #startOffset: number
  readonly #startMs = performance.now()
  #counted = 0

  constructor(startOffset: number) {
    this.#startOffset = startOffset
  }

  reached(offset: number, pace: 'paced' | 'unpaced' = 'paced'): void {
    const bytes = offset - this.#startOffset
    const mebibytes = Math.floor(bytes / MEBIBYTE)
    if (mebibytes === this.#counted) return
    Atomics.add(words, VerifyWord.DONE_MEBIBYTES, mebibytes - this.#counted)
    this.#counted = mebibytes
    if (setup.bytesPerSecond === undefined || pace === 'unpaced') return
    const dueMs = this.#startMs + (bytes * MS_PER_SECOND) / setup.bytesPerSecond
    const earlyMs = dueMs - performance.now()
    if (earlyMs > 1) Atomics.wait(sleeper, 0, 0, earlyMs)
  }
}

for (;;) {
  const startOffset = setup.startOffsets[Atomics.add(words, VerifyWord.NEXT, 1)]
  if (startOffset === undefined) break
  parentPort?.postMessage(verify(startOffset))
}
