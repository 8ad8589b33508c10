/**
 * Hashes segments soon after they are sealed and, where that is asked for, reads all of them again
 * from time to time. All the work is done by one thread of low priority, at a bounded rate.
 */
import { Piscina } from 'piscina'
import { describeError } from '../engine/base/errors.ts'
import type { Logger } from '../engine/base/logger.ts'
import { alignDown } from '../engine/base/units.ts'
import type { FileSystem } from '../engine/file/file-system.ts'
import type { StoreLayout } from '../engine/file/store-layout.ts'
import { removeStaleHashes } from '../engine/store/block-hashes.ts'
import { type DamageReport, describeDamage } from '../engine/store/damage-report.ts'
import type { HashStep, ScrubStep } from '../engine/store/scrub.ts'
import type { StoreConfig } from '../engine/store/store-options.ts'
import type { CompareTask, HashTask } from './scrub-task.ts'
import { createWalkWords, stopWalks } from './thread-pace.ts'

/** By then a sealed segment is flushed, and a store that was opened for a moment is closed. */
const DELAY_MS = 5_000
/** After a failure, which the log tells. */
const RETRY_MS = 600_000
/** Even if the next pass is due later: clocks are set. */
const WAIT_MS_MAX = 3_600_000
const IDLE_MS = 30_000

export interface BackgroundScrubParts {
  readonly files: FileSystem
  readonly layout: StoreLayout
  readonly config: StoreConfig
  readonly segmentBytes: number
  /** First offsets of the segments that are there. */
  readonly startOffsets: readonly number[]
  /** Segments that start at or behind here are written by this process alone. */
  readonly trustedOffset: number
  /** Physical offsets, as they are now. */
  readonly writtenOffset: () => number
  readonly flushedOffset: () => number
  readonly logger: Logger
  /** How long after a start or a roll it looks for work, in ms. @default 5000 */
  readonly delayMs?: number
}

export class BackgroundScrub {
  readonly #parts: BackgroundScrubParts
  readonly #delayMs: number
  readonly #words = createWalkWords()
  readonly #damaged: number[] = []
  #pool: Piscina<HashTask | CompareTask, HashStep | ScrubStep> | undefined
  /** Everything sealed before here has been looked at. */
  #hashedOffset = -1
  #timer: NodeJS.Timeout | undefined
  #dueMs = Number.POSITIVE_INFINITY
  #work: Promise<void> | undefined
  #isClosed = false

  /** Hashes of a segment that is written again, after damage was cut away, go at once. */
  constructor(parts: BackgroundScrubParts) {
    const { files, layout, startOffsets, segmentBytes, writtenOffset, delayMs = DELAY_MS } = parts
    this.#parts = parts
    this.#delayMs = delayMs
    removeStaleHashes(files, layout, startOffsets, alignDown(writtenOffset(), segmentBytes))
    this.#wakeIn(delayMs)
  }

  /** A segment was sealed; it may still have to be flushed. */
  segmentSealed(): void {
    this.#wakeIn(this.#delayMs)
  }

  /** Ends a walk in progress where it is. */
  async close(): Promise<void> {
    this.#isClosed = true
    clearTimeout(this.#timer)
    stopWalks(this.#words)
    await this.#work
    await this.#pool?.close()
  }

  #wakeIn(delayMs: number): void {
    const { blockHashBytesPerSecond, scrubBytesPerSecond } = this.#parts.config
    const isOff = blockHashBytesPerSecond === 0 && scrubBytesPerSecond === 0
    const dueMs = performance.now() + delayMs
    if (isOff || this.#isClosed || this.#work !== undefined || dueMs >= this.#dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => {
      this.#dueMs = Number.POSITIVE_INFINITY
      this.#work = this.#run()
    }, delayMs)
    this.#timer.unref()
  }

  async #run(): Promise<void> {
    let waitMs = RETRY_MS
    try {
      waitMs = await this.#runUntilDone()
    } catch (error) {
      this.#parts.logger.error(`scrubbing failed: ${describeError(error)}`)
    }
    this.#work = undefined
    if (waitMs !== Number.POSITIVE_INFINITY) this.#wakeIn(waitMs)
  }

  /** @returns after how many ms there may be more to do. */
  async #runUntilDone(): Promise<number> {
    const { config } = this.#parts
    for (;;) {
      if (this.#isClosed) return Number.POSITIVE_INFINITY
      if (config.blockHashBytesPerSecond > 0 && this.#hashedOffset < this.#sealedOffset()) {
        await this.#hash()
      } else if (config.scrubBytesPerSecond > 0) {
        const waitMs = await this.#compare()
        if (waitMs > 0) return Math.min(waitMs, this.#untilFlushedMs())
      } else {
        return this.#untilFlushedMs()
      }
    }
  }

  /** Soon, if a segment is sealed that is not flushed yet. */
  #untilFlushedMs(): number {
    const { writtenOffset, segmentBytes, config } = this.#parts
    const isSealed = alignDown(writtenOffset(), segmentBytes) > this.#hashedOffset
    return isSealed && config.blockHashBytesPerSecond > 0 ? this.#delayMs : WAIT_MS_MAX
  }

  #sealedOffset(): number {
    const { flushedOffset, segmentBytes } = this.#parts
    return alignDown(flushedOffset(), segmentBytes)
  }

  async #hash(): Promise<void> {
    const { config, trustedOffset } = this.#parts
    const place = this.#place(config.blockHashBytesPerSecond)
    const task: HashTask = { kind: 'hash', ...place, trustedOffset, damaged: this.#damaged }
    const step = await this.#perform(task)
    if (step.kind === 'idle') this.#hashedOffset = task.sealedOffset
    if (step.kind !== 'damaged') return
    this.#damaged.push(step.startOffset)
    this.#tell(step.damages)
  }

  /** @returns how long to wait before the next segment, in ms. */
  async #compare(): Promise<number> {
    const { scrubBytesPerSecond, scrubIntervalMs: intervalMs } = this.#parts.config
    const place = this.#place(scrubBytesPerSecond)
    const step = await this.#perform({ kind: 'compare', ...place, intervalMs })
    if (step.kind === 'waiting') return Math.min(Math.max(1, step.forMs), WAIT_MS_MAX)
    if (step.kind === 'scrubbed') this.#tell(step.damages)
    return 0
  }

  #tell(damages: readonly DamageReport[]): void {
    for (const damage of damages) this.#parts.logger.error(describeDamage(damage))
  }

  #place(bytesPerSecond: number): Omit<CompareTask, 'kind' | 'intervalMs'> {
    const { layout, segmentBytes } = this.#parts
    const sealedOffset = this.#sealedOffset()
    return {
      directory: layout.root,
      segmentBytes,
      sealedOffset,
      bytesPerSecond,
      words: this.#words,
    }
  }

  #perform(task: HashTask | CompareTask): Promise<HashStep | ScrubStep> {
    // One thread, as it is for look-ups: none is ended while it loads its native module.
    this.#pool ??= new Piscina<HashTask | CompareTask, HashStep | ScrubStep>({
      filename: new URL('./scrub-task.js', import.meta.url).href,
      minThreads: 0,
      maxThreads: 1,
      idleTimeout: IDLE_MS,
    })
    return this.#pool.run(task)
  }
}
