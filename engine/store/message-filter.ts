/** Decides at the broker which messages a consumer wants (MessageFilter). */
export interface MessageFilter {
  /** First by the tagsCode in the queue's unit, without touching the record. */
  matchesTagsCode(tagsCode: number): boolean
  /** Then by the record itself; absent when the tagsCode says it all. */
  matchesRecord?(bytes: Buffer, start: number, end: number): boolean
}

/** Matches messages by the hash of their tags; the client compares the tags themselves. */
export class TagsFilter implements MessageFilter {
  readonly #codes: ReadonlySet<number>

  constructor(codes: Iterable<number>) {
    this.#codes = new Set(codes)
  }

  /** As Java compares: only the lower half of the tagsCode. */
  matchesTagsCode(tagsCode: number): boolean {
    return this.#codes.has(tagsCode | 0)
  }
}
