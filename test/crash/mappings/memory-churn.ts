import { KIB, MIB } from '../../../engine/base/units.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'

/** Stands in all memory that is no mapping. */
export const FOREIGN_BYTE = 0xee

const BUFFERS_MAX = 24
const zeros = Buffer.alloc(MIB)
const foreign = Buffer.alloc(MIB, FOREIGN_BYTE)

/** Sizes that allocators treat differently: small, of a heap, of several pages, of their own. */
const SIZES_BYTES = [KIB, 20 * KIB, 300 * KIB, 3 * MIB, 6 * MIB] as const
/** As large as the buffers that carry mappings. */
const LARGE_BYTES = 64 * MIB
const LARGE_ONE_IN = 40

const KINDS: readonly ((bytes: number) => Buffer)[] = [
  (bytes) => Buffer.alloc(bytes),
  (bytes) => Buffer.from(new ArrayBuffer(bytes)),
  (bytes) => Buffer.from(new SharedArrayBuffer(bytes)),
  (bytes) => Buffer.allocUnsafeSlow(bytes).fill(0),
]

/** Takes and drops memory, so that the allocator hands out what was given back. */
export class MemoryChurn {
  readonly #random: SeededRandom
  readonly #buffers: Buffer[] = []

  constructor(random: SeededRandom) {
    this.#random = random
  }

  /** @returns what is wrong with the memory that was handed out. */
  allocate(): string | undefined {
    const isLarge = this.#random.below(LARGE_ONE_IN) === 0
    const base = isLarge ? LARGE_BYTES : this.#random.pick(SIZES_BYTES)
    const buffer = this.#random.pick(KINDS)(base + this.#random.below(base))
    if (!holdsOnly(buffer, zeros)) return 'memory: a new buffer is not empty'
    buffer.fill(FOREIGN_BYTE)
    // Large ones are dropped at once: a few of them would be all the memory there is.
    if (!isLarge) this.#buffers.push(buffer)
    return this.#buffers.length > BUFFERS_MAX ? this.#drop() : undefined
  }

  #drop(): string | undefined {
    const [dropped] = this.#buffers.splice(this.#random.below(this.#buffers.length), 1)
    const isWhole = dropped === undefined || holdsOnly(dropped, foreign)
    return isWhole ? undefined : 'memory: a buffer has changed by itself'
  }
}

function holdsOnly(buffer: Buffer, sample: Buffer): boolean {
  for (let at = 0; at < buffer.length; at += sample.length) {
    const part = buffer.subarray(at, at + sample.length)
    if (!part.equals(sample.subarray(0, part.length))) return false
  }
  return true
}
