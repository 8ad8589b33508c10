/** Threads that share a list of jobs: each takes the next one until none is left, and ends. */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import { MIB } from '../engine/base/units.ts'
import { WalkWord } from './thread-pace.ts'

const PROGRESS_MS = 200

/** What every walk's threads are started with. */
export interface WalkSetup {
  /** Taken one after the other, by whichever thread is free. */
  readonly jobs: readonly unknown[]
  /** Words that the threads share, see WalkWord. */
  readonly words: SharedArrayBuffer
}

export interface WalkOptions {
  /** File name of the threads' entry, beside this one. */
  readonly entry: string
  readonly totalBytes: number
  /** Called a few times a second with the bytes that were walked, and that are to be. */
  readonly onProgress: ((doneBytes: number, totalBytes: number) => void) | undefined
}

/** A thread a core, and no more than there are jobs. */
export function walkThreadCount(jobs: readonly unknown[]): number {
  return Math.max(1, Math.min(availableParallelism(), jobs.length))
}

/**
 * The answers of all threads, once each has ended by itself.
 * @throws what one of them ended with
 */
export async function walkInThreads<Answer>(
  setup: WalkSetup,
  { entry, totalBytes, onProgress }: WalkOptions,
): Promise<Answer[]> {
  const words = new Int32Array(setup.words)
  const timer = setInterval(() => {
    // What is looked at twice counts twice.
    const doneBytes = Atomics.load(words, WalkWord.DONE_MEBIBYTES) * MIB
    onProgress?.(Math.min(doneBytes, totalBytes), totalBytes)
  }, PROGRESS_MS)
  try {
    const threadCount = walkThreadCount(setup.jobs)
    const threads = Array.from({ length: threadCount }, () => runThread<Answer>(entry, setup))
    const answers = await Promise.all(threads)
    onProgress?.(totalBytes, totalBytes)
    return answers.flat()
  } finally {
    clearInterval(timer)
  }
}

function runThread<Answer>(entry: string, setup: WalkSetup): Promise<Answer[]> {
  return new Promise((resolve, reject) => {
    const answers: Answer[] = []
    const worker = new Worker(new URL(entry, import.meta.url), { workerData: setup })
    worker.on('message', (answer: Answer) => answers.push(answer))
    worker.on('error', reject)
    worker.on('exit', () => resolve(answers))
  })
}
