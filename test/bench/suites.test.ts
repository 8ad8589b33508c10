/**
 * Goal: the micro-benchmarks still do what they time.
 * Method: each task runs a few times, and checks itself. No test looks at a speed.
 */
import { expect, test } from 'vitest'
import { measureSuite } from '../../bench/measure.ts'
import { suites } from '../../bench/suites.ts'

const RUN_COUNT = 3

test.each(suites)('$name', ({ open }) => {
  const { tasks, close } = open()
  try {
    expect(tasks.length).toBeGreaterThan(0)
    expect(new Set(tasks.map(({ name }) => name)).size).toBe(tasks.length)
    for (const { prepare, run, unitCount } of tasks) {
      expect(unitCount).toBeGreaterThan(0)
      for (let count = 0; count < RUN_COUNT; count++) {
        prepare?.()
        run()
      }
    }
  } finally {
    close?.()
  }
})

test('a measurement counts what a call handles', async () => {
  let runCount = 0
  let prepareCount = 0
  let isClosed = false
  const run = (): void => {
    runCount += 1
    const endMs = performance.now() + 2
    while (performance.now() < endMs);
  }
  const suite = {
    name: 'spinning',
    open: () => ({
      tasks: [
        { name: 'for 2 ms', unitCount: 1000, bytes: 4000, run, prepare: () => void prepareCount++ },
      ],
      close: () => {
        isClosed = true
      },
    }),
  }
  const [measured] = await measureSuite(suite, 20)
  expect(measured).toMatchObject({ suite: 'spinning', task: 'for 2 ms' })
  expect(measured?.nsPerUnit).toBeGreaterThanOrEqual(2000)
  expect(measured?.bytesPerSecond).toBeCloseTo((measured?.unitsPerSecond ?? 0) * 4, 3)
  expect(measured?.sampleCount).toBeGreaterThan(0)
  expect(prepareCount).toBe(runCount)
  expect(isClosed).toBe(true)
})

test('a task that fails ends the measurement, and its suite is closed', async () => {
  let isClosed = false
  const suite = {
    name: 'failing',
    open: () => ({
      tasks: [{ name: 'fails', unitCount: 1, run: () => expect.fail('as it should') }],
      close: () => {
        isClosed = true
      },
    }),
  }
  await expect(measureSuite(suite, 1)).rejects.toThrowError('as it should')
  expect(isClosed).toBe(true)
})
