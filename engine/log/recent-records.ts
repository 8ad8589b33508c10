/** How many are kept of a queue; of more that come in one turn the first wait for reput. */
const KEPT_MAX = 16

/** What is kept of each, in this order. */
const FIELDS = 3

/** Where the newest records of one queue lie, for readers that do not wait for their units. */
export class RecentRecords {
  /** Queue offset, physical offset and length of each, in the slot of its queue offset. */
  readonly #records = new Float64Array(FIELDS * KEPT_MAX).fill(-1)

  put(queueOffset: number, physicalOffset: number, recordBytes: number): void {
    const at = slotOf(queueOffset)
    this.#records[at] = queueOffset
    this.#records[at + 1] = physicalOffset
    this.#records[at + 2] = recordBytes
  }

  has(queueOffset: number): boolean {
    return this.#records[slotOf(queueOffset)] === queueOffset
  }

  /** Of a record that it {@link has}. */
  physicalOffset(queueOffset: number): number {
    return this.#records[slotOf(queueOffset) + 1]!
  }

  /** Of a record that it {@link has}. */
  recordBytes(queueOffset: number): number {
    return this.#records[slotOf(queueOffset) + 2]!
  }
}

function slotOf(queueOffset: number): number {
  return (queueOffset % KEPT_MAX) * FIELDS
}
