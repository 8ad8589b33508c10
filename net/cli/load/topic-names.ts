/** The topics of a load: one by its name, or many that differ in the digits at their end. */
export class TopicNames {
  readonly count: number
  /** Digits at the end of each name; 0 for a topic by its own name. */
  readonly digitCount: number
  readonly #name: string

  constructor(name: string, count = 1) {
    this.#name = name
    this.count = count
    this.digitCount = count === 1 ? 0 : String(count - 1).length
  }

  at(index: number): string {
    if (this.digitCount === 0) return this.#name
    return `${this.#name}-${String(index).padStart(this.digitCount, '0')}`
  }

  [Symbol.iterator](): Iterator<string> {
    return Array.from({ length: this.count }, (_, index) => this.at(index)).values()
  }
}
