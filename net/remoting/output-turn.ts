import { KIB } from '../../engine/base/units.ts'
import { OutputRanges } from './output-ranges.ts'

/** Size of a pooled output chunk: about sixty responses to sends. */
export const OUTPUT_CHUNK_BYTES = 16 * KIB
/** Chunks that stay for reuse when nothing is being written: 16 MiB. */
const POOLED_CHUNKS_MAX = 1024
/** As many connections usually have something to send in one turn. */
const POOLED_RANGES_MAX = 256

/** Anything whose output leaves at the end of the turn. */
export interface Flushable {
  flush(): void
}

/**
 * What the connections of one server or client share on their way out: the moment at which all
 * output of a turn leaves, and the chunks that it is built in.
 */
export class OutputTurn {
  #dirty: Flushable[] = []
  #flushing: Flushable[] = []
  readonly #pool: Buffer[] = []
  readonly #rangesPool: OutputRanges[] = []
  readonly #flushAll = (): void => {
    const flushing = this.#dirty
    this.#dirty = this.#flushing
    this.#flushing = flushing
    for (const output of flushing) output.flush()
    flushing.length = 0
  }

  /**
   * Says whether received bytes are being handled. What is answered meanwhile leaves when all
   * connections that have something to read were read: writes in a row wake a peer once, where
   * one after each read wakes it, and puts it to sleep again, for each of its connections.
   */
  isReading = false

  /** Has `output` flushed at the end of the turn, see {@link isReading}. */
  add(output: Flushable): void {
    if (this.#dirty.push(output) > 1) return
    if (this.isReading) setImmediate(this.#flushAll)
    else process.nextTick(this.#flushAll)
  }

  /** A buffer of at least `bytes` that nobody else writes to. */
  takeChunk(bytes: number): Buffer {
    if (bytes > OUTPUT_CHUNK_BYTES) return Buffer.allocUnsafeSlow(bytes)
    return this.#pool.pop() ?? Buffer.allocUnsafeSlow(OUTPUT_CHUNK_BYTES)
  }

  /** Takes a chunk back that no write refers to any more. */
  giveChunk(chunk: Buffer): void {
    const reusable = chunk.length === OUTPUT_CHUNK_BYTES && this.#pool.length < POOLED_CHUNKS_MAX
    if (reusable) this.#pool.push(chunk)
  }

  /** Empty ranges: a connection has some only while it has something to send. */
  takeRanges(): OutputRanges {
    return this.#rangesPool.pop() ?? new OutputRanges()
  }

  /** Takes ranges back that nobody looks at any more. */
  giveRanges(ranges: OutputRanges): void {
    ranges.clear()
    if (this.#rangesPool.length < POOLED_RANGES_MAX) this.#rangesPool.push(ranges)
  }
}
