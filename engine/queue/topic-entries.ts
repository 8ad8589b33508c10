import { BytesMap } from '../base/bytes-map.ts'
import { equalBytes } from '../base/equal-bytes.ts'

export interface TopicEntry {
  /** The topic's name. */
  readonly name: Buffer
}

/**
 * What is kept of each topic, found by the name that stands in a record. Records of one topic often
 * come in a row: the entry that was found last is at hand without a look-up.
 */
export class TopicEntries<T extends TopicEntry> {
  readonly #entries = new BytesMap<T>()
  readonly #make: (name: Buffer) => T
  #latest: T | undefined

  /** @param make an entry for a topic that has none */
  constructor(make: (name: Buffer) => T) {
    this.#make = make
  }

  /** The entry of the topic whose name is `bytes[start, end)`. */
  of(bytes: Buffer, start: number, end: number): T {
    const latest = this.#latest
    if (latest !== undefined && equalBytes(bytes, start, end, latest.name)) return latest
    const entry = this.#entries.get(bytes, start, end, 0) ?? this.#add(bytes, start, end)
    this.#latest = entry
    return entry
  }

  /** Forgets a topic: its next entry is a new one. */
  remove(topic: string): void {
    // As who deletes it knows it: a damaged name may be no UTF-8.
    this.#entries.removeWhere((entry) => entry.name.toString() === topic)
    this.#latest = undefined
  }

  #add(bytes: Buffer, start: number, end: number): T {
    const entry = this.#make(Buffer.from(bytes.subarray(start, end)))
    this.#entries.set(bytes, start, end, 0, entry)
    return entry
  }
}
