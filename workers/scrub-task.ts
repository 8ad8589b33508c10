/** Entry of the thread that scrubs: one segment a task, on the processor's idle time. */
import { constants, setPriority } from 'node:os'
import { unreachable } from '../engine/base/assert.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import { loadBlockHasher } from '../engine/store/block-hashes.ts'
import { type HashStep, hashStep, type ScrubStep, scrubStep } from '../engine/store/scrub.ts'
import { ThreadPace } from './thread-pace.ts'

interface ScrubTaskPlace {
  readonly directory: string
  readonly segmentBytes: number
  readonly sealedOffset: number
  readonly bytesPerSecond: number
  /** See WalkWord. */
  readonly words: SharedArrayBuffer
}

export interface HashTask extends ScrubTaskPlace {
  readonly kind: 'hash'
  readonly trustedOffset: number
  readonly damaged: readonly number[]
}

export interface CompareTask extends ScrubTaskPlace {
  readonly kind: 'compare'
  readonly intervalMs: number
}

const files = nodeFileSystem()
const hasher = await loadBlockHasher()
// On Linux this is the calling thread's priority, not that of the whole process.
setPriority(constants.priority.PRIORITY_LOW)

export default function run(task: HashTask | CompareTask): HashStep | ScrubStep {
  const layout = storeLayout(task.directory)
  const pace = new ThreadPace(task.words, task.bytesPerSecond)
  switch (task.kind) {
    case 'hash':
      return hashStep(files, hasher, { ...task, layout }, pace)
    case 'compare':
      return scrubStep(files, hasher, { ...task, layout, nowMs: Date.now() }, pace)
    default:
      return unreachable(task)
  }
}
