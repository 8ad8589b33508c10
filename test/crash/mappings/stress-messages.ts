import type { MessagePort } from 'node:worker_threads'
import type { KnownContent } from './known-file.ts'
import type { PlantedBug } from './planted-bugs.ts'

/** A thread that ends takes its buffers along: planted where nobody else keeps them. */
export const UNKEPT_BUFFERS = 'ends a thread together with the buffers of its mappings'

export type StressBug = PlantedBug | typeof UNKEPT_BUFFERS

/** What a thread of the stress is started with. */
export interface StressSetup {
  readonly seed: number
  readonly thread: number
  readonly stepCount: number
  readonly directory: string
  readonly bug: StressBug | undefined
  /** Waits to be terminated when it is done, and does not end by itself. */
  readonly isTerminated: boolean
  readonly next: MessagePort
  readonly previous: MessagePort
  /** One word: how many threads still wait for each other. */
  readonly running: Int32Array
}

/** What a thread of the stress says. */
export type FromStress =
  | { readonly kind: 'arena'; readonly buffer: SharedArrayBuffer }
  | { readonly kind: 'problems'; readonly problems: readonly string[] }
  /** Files that it leaves, many of them mapped. */
  | { readonly kind: 'done'; readonly contents: readonly KnownContent[] }

/** What the process of the stress prints. */
export interface StressReport {
  readonly isJemalloc: boolean
  readonly rounds: number
  readonly problems: readonly string[]
}
