/** With more than so many, the room for them is not kept. */
const KEPT_RANGES_MAX = 4096

/** Stretches of memory, in the order in which they are sent. */
export class OutputRanges {
  buffers: Buffer[] = []
  starts: number[] = []
  lengths: number[] = []
  count = 0
  /** Whether a range may be copied when it is small and the socket does not take it at once. */
  #mayCopy: boolean[] = []

  add(buffer: Buffer, start: number, lengthBytes: number, mayCopy: boolean): void {
    const index = this.count
    this.buffers[index] = buffer
    this.starts[index] = start
    this.lengths[index] = lengthBytes
    this.#mayCopy[index] = mayCopy
    this.count = index + 1
  }

  mayCopy(index: number): boolean {
    return this.#mayCopy[index] ?? false
  }

  clear(): void {
    if (this.buffers.length > KEPT_RANGES_MAX) {
      this.buffers = []
      this.starts = []
      this.lengths = []
      this.#mayCopy = []
    }
    // Cutting the array would give its memory back too.
    this.buffers.fill(NOTHING, 0, this.count)
    this.count = 0
  }
}

const NOTHING = Buffer.alloc(0)

/**
 * Gives ranges to the socket of a descriptor in as few calls of the system as there can be, without
 * waiting and without a copy in user space.
 * @returns how many bytes it took; 0 also when it failed: whoever writes next comes across that.
 */
export type RangeSender = (descriptor: number, ranges: OutputRanges) => number

/** Where nothing better is at hand, everything goes the way of Node's sockets. */
export const sendNoRanges: RangeSender = () => 0
