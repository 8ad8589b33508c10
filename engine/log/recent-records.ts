/** How many are kept of a queue; of more that come in one turn the first wait for reput. */
const KEPT_MAX = 16

/** Where the newest records of one queue lie, for readers that do not wait for their units. */
export class RecentRecords {
  readonly #queueOffsets = new Float64Array(KEPT_MAX).fill(-1)
  readonly #physicalOffsets = new Float64Array(KEPT_MAX)
  readonly #recordBytes = new Int32Array(KEPT_MAX)

  put(queueOffset: number, physicalOffset: number, recordBytes: number): void {
    const slot = queueOffset % KEPT_MAX
    this.#queueOffsets[slot] = queueOffset
    this.#physicalOffsets[slot] = physicalOffset
    this.#recordBytes[slot] = recordBytes
  }

  has(queueOffset: number): boolean {
    return this.#queueOffsets[queueOffset % KEPT_MAX] === queueOffset
  }

  /** Of a record that it {@link has}. */
  physicalOffset(queueOffset: number): number {
    return this.#physicalOffsets[queueOffset % KEPT_MAX]!
  }

  /** Of a record that it {@link has}. */
  recordBytes(queueOffset: number): number {
    return this.#recordBytes[queueOffset % KEPT_MAX]!
  }
}
