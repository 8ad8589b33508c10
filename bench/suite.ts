/** One thing that is timed. */
export interface BenchTask {
  readonly name: string
  /** The work: long enough that reading the clock does not count. */
  readonly run: () => void
  /** How many frames, records or messages one call of `run` handles. */
  readonly unitCount: number
  /** Bytes that one call of `run` handles, where a rate in bytes says something. */
  readonly bytes?: number
  /** Puts things back before each call, untimed. */
  readonly prepare?: () => void
}

/** Tasks that belong together, and what they need. */
export interface BenchSuite {
  readonly name: string
  /** Opens what the tasks share. */
  readonly open: () => OpenSuite
}

export interface OpenSuite {
  readonly tasks: readonly BenchTask[]
  /** Gives back files and memory. */
  readonly close?: () => void
}
