/** What a look at a connection's traffic found. */
export type TrafficVerdict = 'ordinary' | 'idle' | 'stalled' | 'unfinished'

/** How a connection stands at the moment of a look. */
export interface TrafficState {
  /** Bytes that wait to be sent. */
  readonly unsentBytes: number
  /** Any number that changes when output makes progress. */
  readonly progressMark: number
  /** False while this side does not read: its quiet says nothing about the peer. */
  readonly isReading: boolean
  /** Any number that changes when a whole frame has come; undefined between two frames. */
  readonly frameMark: number | undefined
}

/**
 * Notices peers that are idle, take no output, or never finish what they began to say, by looking
 * in equal intervals.
 */
export class TrafficWatch {
  readonly #idleMs: number
  readonly #stallMs: number
  #active = true
  #quietMs = 0
  #stalledMs = 0
  #progressMark = 0
  #unfinishedMs = 0
  #frameMark: number | undefined

  constructor({ idleMs, outputStallMs }: { idleMs: number; outputStallMs: number }) {
    this.#idleMs = idleMs
    this.#stallMs = outputStallMs
  }

  /** For how long the peer has taken none of what waits for it, in ms. */
  get stalledMs(): number {
    return this.#stalledMs
  }

  /** Something was received or sent. */
  noteActivity(): void {
    this.#active = true
  }

  /** Looks `intervalMs` after the last look. */
  look(intervalMs: number, state: TrafficState): TrafficVerdict {
    const stalled = state.unsentBytes > 0 && state.progressMark === this.#progressMark
    this.#progressMark = state.progressMark
    this.#stalledMs = stalled ? this.#stalledMs + intervalMs : 0
    const quiet = !this.#active && state.isReading && state.unsentBytes === 0
    this.#active = false
    this.#quietMs = quiet ? this.#quietMs + intervalMs : 0
    const { frameMark, isReading } = state
    const isSameFrame = frameMark !== undefined && frameMark === this.#frameMark
    this.#unfinishedMs = isSameFrame && isReading ? this.#unfinishedMs + intervalMs : 0
    this.#frameMark = frameMark
    if (this.#stalledMs >= this.#stallMs) return 'stalled'
    if (this.#unfinishedMs >= this.#idleMs) return 'unfinished'
    return this.#quietMs >= this.#idleMs ? 'idle' : 'ordinary'
  }
}
