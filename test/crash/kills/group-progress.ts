/** How far a group has come, by its broker's word, beside what it was given. */
export class GroupProgress {
  readonly name: string
  readonly problems: string[] = []
  /** Offsets that were given to the group, by queue, and how many of them there are in a row. */
  readonly #given = new Map<number, Set<number>>()
  readonly #row = new Map<number, number>()
  /** What the broker said last in this life, by queue. */
  #seen = new Map<number, number>()
  /** What no kill may take back: it was in the file. */
  #safe = new Map<number, number>()

  constructor(name: string) {
    this.name = name
  }

  /** The committed offsets that were seen last, by queue. */
  get seen(): ReadonlyMap<number, number> {
    return new Map(this.#seen)
  }

  /** The group is done with a message, or was given it for good. */
  noteGiven({ queueId }: { readonly queueId: number }, offset: number): void {
    const given = this.#given.get(queueId) ?? new Set()
    this.#given.set(queueId, given)
    given.add(offset)
    let row = this.#row.get(queueId) ?? 0
    while (given.has(row)) row += 1
    this.#row.set(queueId, row)
  }

  noteSeen(queueId: number, offset: number): void {
    const row = this.#row.get(queueId) ?? 0
    const before = this.#seen.get(queueId) ?? this.#safe.get(queueId) ?? 0
    if (offset > row) this.#problem(queueId, `committed ${offset}, given ${row}`)
    if (offset < before) this.#problem(queueId, `went back from ${before} to ${offset}`)
    this.#seen.set(queueId, offset)
  }

  /** So much is in the broker's file. */
  noteSafe(offsets: ReadonlyMap<number, number>): void {
    this.#safe = new Map(offsets)
  }

  /** The broker was killed; `saved` is what its file says: its next life begins with that. */
  noteKill(saved: ReadonlyMap<number, number>): void {
    for (const [queueId, offset] of this.#safe) {
      const found = saved.get(queueId) ?? 0
      if (found < offset) this.#problem(queueId, `had ${offset} saved and lost it: ${found}`)
    }
    for (const [queueId, offset] of saved) {
      const row = this.#row.get(queueId) ?? 0
      if (offset > row) this.#problem(queueId, `saved ${offset}, given ${row}`)
    }
    this.#safe = new Map(saved)
    this.#seen = new Map()
  }

  #problem(queueId: number, what: string): void {
    this.problems.push(`${this.name}, queue ${queueId}: ${what}`)
  }
}
