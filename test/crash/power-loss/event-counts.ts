/** How often each thing happened: a run that never met what it is there for proves nothing. */
export const EVENTS = [
  'losses of power',
  'losses during a start',
  'torn writes cut away',
  'messages acknowledged',
  'messages lost that were not acknowledged',
  'turns of several messages',
  'segments begun',
  'segments deleted',
  'topics deleted',
  'checkpoints moved',
  'clean stops',
  'small files replaced',
] as const

export type EventName = (typeof EVENTS)[number]

export class EventCounts {
  readonly #counts = new Map<EventName, number>(EVENTS.map((name) => [name, 0]))

  add(name: EventName, count = 1): void {
    this.#counts.set(name, this.of(name) + count)
  }

  of(name: EventName): number {
    return this.#counts.get(name) ?? 0
  }

  /** What came to pass less often than `least` says. */
  tooRare(least: number): string[] {
    return EVENTS.filter((name) => this.of(name) < least)
  }

  text(): string {
    return EVENTS.map((name) => `${this.of(name)} ${name}`).join(', ')
  }
}
