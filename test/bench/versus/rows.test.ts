/**
 * Goal: the list of rows is what it says, and what it hands to the load program is understood.
 * Method: each row against the rules of the list; the words of every load against the command's own
 * options.
 */
import { describe, expect, test } from 'vitest'
import { parseVersusArguments } from '../../../bench/versus/command-line.ts'
import { chooseRows, rows } from '../../../bench/versus/rows.ts'
import { benchCommand } from '../../../net/cli/commands/bench.ts'

describe('the rows', () => {
  test('have ids of their own', () => {
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  })

  test('hold every combination of size, requests in flight and flush', () => {
    const sends = rows.filter(({ title }) => title === 'send')
    const shapes = sends.map((row) => [row.size, row.inFlight, row.level].join())
    expect(new Set(shapes).size).toBe(2 * 4 * 2)
  })

  test('compare both brokers', () => {
    for (const { contenders } of rows) {
      expect(contenders.slice(0, 2)).toEqual(['Agena', 'RocketMQ'])
    }
  })

  const loads = rows.flatMap(({ id, work }) => {
    if (work.kind === 'sustained') return [{ id, ...work.load }]
    if (work.kind !== 'broker') return []
    const own = work.fill === undefined ? work.loads : [work.fill.load, ...work.loads]
    return own.map(({ benchmark, words }) => ({ id, benchmark, words }))
  })
  test.each(loads)('$id: agena bench $benchmark $words', ({ benchmark, words }) => {
    const command = benchCommand().commands.find((one) => one.name() === benchmark)
    const { unknown, operands } = command!.exitOverride().parseOptions([...words])
    expect([...unknown, ...operands]).toEqual([])
  })
})

describe('choosing rows', () => {
  test('by id, by how ids begin, or all', () => {
    expect(chooseRows(['pull-1k'], false).map(({ id }) => id)).toEqual(['pull-1k'])
    expect(chooseRows(['send-128'], false)).toHaveLength(4 * 2)
    expect(chooseRows([], false)).toEqual(rows)
  })

  test('the short run has fewer, of every level', () => {
    const quick = chooseRows([], true)
    expect(quick.length).toBeLessThan(rows.length / 2)
    expect(new Set(quick.map(({ level }) => level)).size).toBe(4)
  })

  test('a word that names none is an error that lists all', () => {
    expect(() => chooseRows(['sned'], false)).toThrowError(/no row "sned": send-128-1-async, /)
  })
})

describe('the command line', () => {
  test('takes rows and times', () => {
    const words = parseVersusArguments(['--quick', '--rows', 'routes,pull', '--name', 'x'])
    expect(words.rows.map(({ id }) => id)).toEqual(['pull-128', 'pull-1k', 'routes'])
    expect(words).toMatchObject({ isQuick: true, name: 'x' })
  })

  test('refuses what is no number', () => {
    expect(() => parseVersusArguments(['--rounds', 'many'])).toThrowError('--rounds many')
  })
})
