/**
 * What a benchmark shows while it goes on.
 * Method: a stream that keeps what it is given, once as a terminal and once not.
 */
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { expect, test } from 'vitest'
import { createProgressView } from '../../../../net/cli/load/bench-progress.ts'

const GOAL = { name: 'measure', durationMs: 10_000, messageCountMax: Number.POSITIVE_INFINITY }
const PROGRESS = {
  elapsedMs: 4000,
  messageCount: 480_000,
  ratePerSecond: 120_000,
  latency: { count: 1000, p50Us: 100, p90Us: 200, p99Us: 300, p999Us: 400, maxUs: 500 },
}

async function shown(isTTY: boolean, isQuiet = false): Promise<string> {
  let text = ''
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      text += String(chunk)
      done()
    },
  })
  Object.assign(stream, { isTTY, columns: 120, cursorTo: () => true, clearLine: () => true })
  const view = await createProgressView(stream as unknown as NodeJS.WriteStream, isQuiet)
  view.begin(GOAL)
  view.show(PROGRESS)
  view.end()
  return stripVTControlCharacters(text)
}

test('a bar with the live rate on a terminal', async () => {
  const text = await shown(true)
  expect(text).toMatch(/measure +█+░+ 40% 120,000 messages\/s, p50 \S+ \S+, p99 /)
})

test('a line for each look elsewhere', async () => {
  expect(await shown(false)).toMatch(/^measure 4 s: 120,000 messages\/s, p50 [^\n]+, p99 [^\n]+\n$/)
})

test('nothing when that is wished', async () => {
  expect(await shown(true, true)).toBe('')
})
