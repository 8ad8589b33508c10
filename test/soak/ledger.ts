/**
 * Who still has to get which message. A message leaves the ledger when all who are to get it have
 * got it, so a run of any length needs memory for what is on its way only.
 */
export class Ledger {
  readonly name: string
  readonly problems: string[] = []
  sentCount = 0
  settledCount = 0
  repeatCount = 0
  /** What is on its way: who is still to get it. */
  readonly #open = new Map<number, Set<string>>()

  constructor(name: string) {
    this.name = name
  }

  get openCount(): number {
    return this.#open.size
  }

  /** Some that are on their way, for who looks for a reason. */
  get openSome(): readonly string[] {
    const some = [...this.#open].slice(0, 5)
    return some.map(([id, who]) => `${this.name} ${id} to ${[...who].join(', ')}`)
  }

  /** A message is about to be sent. @returns its id */
  open(receivers: readonly string[]): number {
    const id = this.sentCount
    this.sentCount += 1
    this.#open.set(id, new Set(receivers))
    return id
  }

  /** Somebody has got a message for good; it may come again then. */
  settle(id: number, receiver: string): void {
    if (!(id < this.sentCount)) this.problem(`${receiver} got ${id}, which was not sent`)
    const waiting = this.#open.get(id)
    if (waiting === undefined || !waiting.delete(receiver)) {
      this.repeatCount += 1
      return
    }
    if (waiting.size > 0) return
    this.#open.delete(id)
    this.settledCount += 1
  }

  problem(what: string): void {
    this.problems.push(`${this.name}: ${what}`)
  }
}
