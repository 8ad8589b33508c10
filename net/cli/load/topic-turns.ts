/**
 * Which of many topics each send goes to: all of them in turn. Queues come in turn as well, so
 * every round of the topics is moved on by as much as brings each topic its next queue; a topic
 * would see one of its queues only, where the number of topics fits that of the queues.
 */
export class TopicTurns {
  readonly #count: number
  /** How much further on each round begins. */
  readonly #roundStep: number
  #index: number
  #leftInRound: number

  /** @param first number of the topic that the first send goes to */
  constructor(count: number, queueCount: number, first: number) {
    this.#count = count
    this.#roundStep = (count - 1) % queueCount
    this.#index = first
    this.#leftInRound = count
  }

  /** The number of the topic that is next. */
  take(): number {
    const taken = this.#index
    let step = 1
    this.#leftInRound -= 1
    if (this.#leftInRound === 0) {
      this.#leftInRound = this.#count
      step += this.#roundStep
    }
    this.#index = (taken + step) % this.#count
    return taken
  }
}
