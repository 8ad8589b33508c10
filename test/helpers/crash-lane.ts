/**
 * How far a test of the crash lane goes. The short lane runs the same seeds each time, so that it
 * tells what a change did; `npm run test:crash -- --long` explores others for two hours, or as many
 * minutes as `AGENA_LONG_MINUTES` says, and a seed in `AGENA_SEED` runs exactly what failed.
 */

const SEED_LIMIT = 2 ** 31
const FIRST_SEED = 1
const MS_PER_MINUTE = 60_000
const LONG_MINUTES = Number(process.env['AGENA_LONG_MINUTES'] ?? 120)

const givenSeed = process.env['AGENA_SEED']
const isLong = process.env['AGENA_LONG'] === '1'

export interface SeededRuns {
  /** Runs in the short lane. */
  readonly count: number
  /** What one run is called in the failure's message. */
  readonly name: string
}

/** Time that one seeded test may take, in ms: nothing is measured by it. */
export const seededTestTimeoutMs = isLong ? 2 * LONG_MINUTES * MS_PER_MINUTE : 240_000

/**
 * Calls `run` with one seed after the other: the given one alone, so many in the short lane, for
 * hours in the long one.
 * @returns how many runs there were
 * @throws the failure of a run, with the command that repeats it.
 */
export function runSeeds({ count, name }: SeededRuns, run: (seed: number) => void): number {
  const unasked = isLong ? Date.now() % SEED_LIMIT : FIRST_SEED
  const first = givenSeed === undefined ? unasked : Number(givenSeed)
  const endMs = performance.now() + LONG_MINUTES * MS_PER_MINUTE
  for (let runs = 0; ; runs += 1) {
    const isDone =
      givenSeed !== undefined ? runs === 1 : isLong ? performance.now() > endMs : runs === count
    if (isDone) {
      console.log(`${name}: ${runs} runs, seeds from ${first} on`)
      return runs
    }
    const seed = (first + runs) % SEED_LIMIT
    try {
      run(seed)
    } catch (error) {
      const again = `AGENA_SEED=${seed} npm run test:crash -- ${name}`
      throw new Error(`${String(error)}\nrepeat it with: ${again}`, { cause: error })
    }
  }
}
