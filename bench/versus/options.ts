/** How a comparison runs. */
export interface VersusOptions {
  /** Turns of each contender in each row, A B A B. */
  readonly rounds: number
  /** Of rows that are marked as minor. */
  readonly minorRounds: number
  readonly durationMs: number
  /** Of each turn, on top of the warm-up of the virtual machine. */
  readonly warmupMs: number
  /** How long a Java broker runs under load before anything of it is measured. */
  readonly javaWarmupMs: number
  /** As `4g`. */
  readonly javaHeap: string
  /** A folder on the disk that is meant; everything in it is made and removed. */
  readonly directory: string
  readonly log: (line: string) => void
}

/** Every row in about fifty minutes. */
export const usualTimes = {
  rounds: 3,
  minorRounds: 2,
  durationMs: 4000,
  warmupMs: 1000,
  javaWarmupMs: 20_000,
}
/** Every row in two hours. */
export const thoroughTimes = {
  rounds: 5,
  minorRounds: 5,
  durationMs: 6000,
  warmupMs: 1500,
  javaWarmupMs: 20_000,
}
/** Five minutes in all, with the rows that are marked for it. */
export const quickTimes = {
  rounds: 2,
  minorRounds: 2,
  durationMs: 1500,
  warmupMs: 300,
  javaWarmupMs: 20_000,
}
