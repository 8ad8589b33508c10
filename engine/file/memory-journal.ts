/**
 * What a file system has changed in its folders but not yet in its journal on the disk. A change
 * becomes durable with those before it that it builds on, never without them: a name and the one
 * that it replaces, a rename in both folders at once. Changes of different folders may become
 * durable in any order, unless the power goes just after the journal wrote all up to some change,
 * as ext4 and XFS do.
 */

/** Where random choices come from: an integer from 0 up to, not including, `limit`. */
export interface RandomSource {
  below(limit: number): number
}

/** What a change belongs to: a folder by its path, or a file. */
export type JournalKey = string | object

export interface JournalEntry {
  /** Later changes of these wait for this one. */
  readonly provides: readonly JournalKey[]
  /** Earlier changes of these come first. */
  readonly needs: readonly JournalKey[]
  /** Makes the change in the durable state. */
  readonly commit: () => void
}

export class MemoryJournal {
  #pending: JournalEntry[] = []

  add(entry: JournalEntry): void {
    this.#pending.push(entry)
  }

  /** Makes durable what happened to a folder or file, with what it builds on. */
  commitKey(key: JournalKey): void {
    this.#commitWhere((entry) => entry.provides.includes(key))
  }

  commitAll(): void {
    this.#commitWhere(() => true)
  }

  /** Makes some of the changes durable: everything up to a random one, or random ones. */
  commitSome(random: RandomSource): void {
    if (this.#pending.length === 0) return
    const isOrdered = random.below(2) === 0
    if (isOrdered) {
      const kept = new Set(this.#pending.slice(0, random.below(this.#pending.length + 1)))
      this.#commitWhere((entry) => kept.has(entry))
    } else {
      this.#commitWhere(() => random.below(2) === 0)
    }
  }

  /** Forgets what is not durable. */
  lose(): void {
    this.#pending = []
  }

  #commitWhere(isWanted: (entry: JournalEntry) => boolean): void {
    const chosen = new Set<JournalEntry>()
    const neededKeys = new Set<JournalKey>()
    for (const entry of [...this.#pending].reverse()) {
      const isNeeded = entry.provides.some((key) => neededKeys.has(key))
      if (!isNeeded && !isWanted(entry)) continue
      chosen.add(entry)
      for (const key of entry.needs) neededKeys.add(key)
    }
    for (const entry of this.#pending) if (chosen.has(entry)) entry.commit()
    this.#pending = this.#pending.filter((entry) => !chosen.has(entry))
  }
}
