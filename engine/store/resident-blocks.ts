/**
 * What of the log is in memory. The kernel is asked about a block, and believed for a moment, since
 * a question costs as much as reading a record: one for each record would be most of what a read
 * costs whose records lie far apart (a queue of a broker with thousands of topics).
 *
 * A page that leaves memory within that moment is faulted in by whoever reads it, who then waits
 * for the disk once.
 */
import { memoryLimit } from '../base/memory-limit.ts'
import { GIB, MIB } from '../base/units.ts'
import type { LogSegment } from '../log/log-segment.ts'
import type { LogSlice } from './get-result.ts'

/** A question about that much costs 1.5 to 12 µs, one about a page 1 µs. */
export const BLOCK_BYTES = MIB
/** A quick disk fills this share of memory with other pages while an answer is believed. */
const MEMORY_SHARE = 1 / 64
const DISK_BYTES_PER_MS = GIB / 1000
/** How long an answer is believed, in ms: by how much memory the process may fill. */
export const BELIEVED_MS = Math.min(250, (memoryLimit() * MEMORY_SHARE) / DISK_BYTES_PER_MS)

/**
 * For each block of a segment until when it is believed to be in memory as a whole; negated where
 * it was found not to be.
 */
type Beliefs = Float64Array

export class ResidentBlocks {
  readonly #beliefs = new WeakMap<LogSegment, Beliefs>()

  /** True when reading this stretch of the log waits for no disk, as of `nowMs` (monotonic). */
  has({ segment, start, lengthBytes }: LogSlice, nowMs: number): boolean {
    const last = Math.floor((start + lengthBytes - 1) / BLOCK_BYTES)
    for (let block = Math.floor(start / BLOCK_BYTES); block <= last; block += 1) {
      if (!this.#hasBlock(segment, block, nowMs))
        return segment.region.isResident(start, lengthBytes)
    }
    return true
  }

  #hasBlock(segment: LogSegment, block: number, nowMs: number): boolean {
    const beliefs = this.#beliefsOf(segment)
    const until = beliefs[block] ?? 0
    if (Math.abs(until) > nowMs) return until > 0
    const start = block * BLOCK_BYTES
    const lengthBytes = Math.min(BLOCK_BYTES, segment.sizeBytes - start)
    const isWhole = segment.region.isResident(start, lengthBytes)
    beliefs[block] = isWhole ? nowMs + BELIEVED_MS : -(nowMs + BELIEVED_MS)
    return isWhole
  }

  #beliefsOf(segment: LogSegment): Beliefs {
    let beliefs = this.#beliefs.get(segment)
    if (beliefs === undefined) {
      beliefs = new Float64Array(Math.ceil(segment.sizeBytes / BLOCK_BYTES))
      this.#beliefs.set(segment, beliefs)
    }
    return beliefs
  }
}
