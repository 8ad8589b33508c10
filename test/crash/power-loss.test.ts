/**
 * The power goes at any call, thousands of times: what was acknowledged is there, at its offsets
 * and with its bytes, the rest is a beginning of what was sent, and queues, index and small files
 * agree. The same directory read by Java's rules has every acknowledged message too.
 */
import { describe, expect, it } from 'vitest'
import { runSeeds, seededTestTimeoutMs } from '../helpers/crash-lane.ts'
import { EventCounts } from './power-loss/event-counts.ts'
import { plantedBugs } from './power-loss/planted-bugs.ts'
import { type PowerLossOptions, PowerLossRun } from './power-loss/power-loss-run.ts'

const CRASHES_PER_RUN = 25
const RUNS = 800
/** Runs in which a planted bug must have shown. */
const BUG_RUNS_MAX = 400

describe('a store that loses power again and again', () => {
  it(
    'keeps what it acknowledged (seeded)',
    () => {
      const counts = new EventCounts()
      const runs = runSeeds({ count: RUNS, name: 'power-loss' }, (seed) => {
        new PowerLossRun({ seed, crashes: CRASHES_PER_RUN, counts }).run()
      })
      console.log(`power-loss: ${counts.text()}`)
      expect(counts.of('losses of power')).toBe(runs * CRASHES_PER_RUN)
      // Each thing happened, and not once by chance.
      const isAlone = process.env['AGENA_SEED'] !== undefined
      expect(counts.tooRare(isAlone ? 0 : runs / 10)).toEqual([])
    },
    seededTestTimeoutMs,
  )
})

describe('the checker hears of a store that', () => {
  it.each(Object.entries(plantedBugs))('%s', (_name, bug) => {
    expect(firstFailure({ bug })).toBeInstanceOf(Error)
  })

  it('deletes a segment before what was built from it is on the disk', () => {
    expect(firstFailure({ isHasty: true })).toBeInstanceOf(Error)
  })

  it('keeps its promises, of none', () => {
    expect(firstFailure({})).toBeUndefined()
  })
})

function firstFailure(options: Pick<PowerLossOptions, 'bug' | 'isHasty'>): Error | undefined {
  const isBroken = options.bug !== undefined || options.isHasty === true
  for (let seed = 1; seed <= (isBroken ? BUG_RUNS_MAX : 40); seed += 1) {
    try {
      new PowerLossRun({ seed, crashes: CRASHES_PER_RUN, ...options }).run()
    } catch (error) {
      if (process.env['AGENA_SHOW']) console.log(seed, String(error).slice(0, 150))
      if (error instanceof Error) return error
      throw error
    }
  }
  return undefined
}
