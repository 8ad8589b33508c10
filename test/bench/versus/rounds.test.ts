/**
 * Goal: turns go A B A B, and a side that fails is out of its row and nothing else.
 * Method: rows are measured by a stand-in that keeps the order in which it is called; a real
 * process is stopped and let go.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { chooseRows } from '../../../bench/versus/rows.ts'
import { runRounds } from '../../../bench/versus/run-rounds.ts'
import { pauseProcesses, resumeProcesses } from '../../../bench/versus/sides/paused-processes.ts'

describe('the rounds of a row', () => {
  test('go from one side to the other', async () => {
    const turns: string[] = []
    const outcome = await runRounds(rowOf('pull-1k'), options(3), async (name, round) => {
      turns.push(`${name} ${round}`)
      return { cpuUs: turns.length }
    })
    const order = [0, 1, 2].flatMap((round) => [`Agena ${round}`, `RocketMQ ${round}`])
    expect(turns).toEqual(order)
    expect(outcome.contenders.map(({ samples }) => samples.map((one) => one?.cpuUs))).toEqual([
      [1, 3, 5],
      [2, 4, 6],
    ])
  })

  test('go on without a side that failed, and keep what it had measured', async () => {
    const outcome = await runRounds(rowOf('pull-1k'), options(3), async (name, round) => {
      if (name === 'RocketMQ' && round > 0) throw new Error('it ended')
      return { cpuUs: round }
    })
    const [ours, theirs] = outcome.contenders
    expect(ours).toMatchObject({ samples: [{ cpuUs: 0 }, { cpuUs: 1 }, { cpuUs: 2 }] })
    expect(ours).not.toHaveProperty('failure')
    expect(theirs).toMatchObject({ samples: [{ cpuUs: 0 }], failure: 'it ended' })
  })

  test('are fewer for a row that says little more than others', async () => {
    const outcome = await runRounds(rowOf('batch-128-async'), options(5), async () => ({}))
    expect(outcome.contenders.map(({ samples }) => samples.length)).toEqual([2, 2])
  })

  test('are fewer where a turn leaves much on the disk', async () => {
    const outcome = await runRounds(rowOf('sustained-1k'), options(5), async () => ({}))
    expect(outcome.contenders.map(({ samples }) => samples.length)).toEqual([1, 1])
  })
})

test('a side stands still until it is let go', async () => {
  const child = spawn('sleep', ['60'])
  await once(child, 'spawn')
  const side = { pid: child.pid! }
  pauseProcesses([side])
  await expect.poll(() => stateOf(side.pid)).toBe('T')
  resumeProcesses([side])
  await expect.poll(() => stateOf(side.pid)).toBe('S')
  const ended = once(child, 'exit')
  child.kill('SIGKILL')
  await ended
  expect(() => pauseProcesses([side])).not.toThrow()
})

function rowOf(id: string) {
  return chooseRows([id], false)[0]!
}

function options(rounds: number) {
  return { rounds, minorRounds: 2, log: () => undefined }
}

/** The letter behind the command's name in /proc/PID/stat. */
function stateOf(pid: number): string | undefined {
  return / ([A-Z]) /.exec(readFileSync(`/proc/${pid}/stat`, 'latin1'))?.[1]
}
