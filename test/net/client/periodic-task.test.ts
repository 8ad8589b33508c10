/** Goal: a task runs in time, at once when asked to, and never twice at the same time. */
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test } from 'vitest'
import { deferred } from '../../../engine/base/deferred.ts'
import { silentLogger } from '../../../engine/base/logger.ts'
import { PeriodicTask, type PeriodicTaskOptions } from '../../../net/client/periodic-task.ts'

const LONG_MS = 60_000
const tasks: PeriodicTask[] = []
afterEach(async () => {
  for (const task of tasks.splice(0)) await task.stop()
})

function start(options: Partial<PeriodicTaskOptions>): PeriodicTask {
  const run = async (): Promise<void> => undefined
  const task = new PeriodicTask({
    name: 'test',
    intervalMs: LONG_MS,
    logger: silentLogger,
    run,
    ...options,
  })
  tasks.push(task)
  return task
}

test('it runs again and again, also after a failure', async () => {
  let runs = 0
  const warnings: string[] = []
  const logger = { ...silentLogger, warn: (message: string) => warnings.push(message) }
  start({
    intervalMs: 5,
    logger,
    run: async () => {
      runs += 1
      throw new Error('on purpose')
    },
  })
  await expect.poll(() => runs).toBeGreaterThan(3)
  expect(warnings[0]).toBe('test failed: on purpose')
})

test('a run says when the next one comes', async () => {
  let runs = 0
  const task = start({
    run: async () => {
      runs += 1
      return runs < 3 ? 1 : LONG_MS
    },
  })
  task.trigger()
  await expect.poll(() => runs).toBe(3)
  await sleep(20)
  expect(runs).toBe(3)
})

test('triggers during a run cause one more run', async () => {
  const hold = deferred<void>()
  let runs = 0
  const task = start({
    run: async () => {
      runs += 1
      if (runs === 1) await hold.promise
    },
  })
  task.trigger()
  await expect.poll(() => runs).toBe(1)
  for (let count = 0; count < 5; count += 1) task.trigger()
  expect(runs).toBe(1)
  hold.resolve()
  await expect.poll(() => runs).toBe(2)
  await sleep(20)
  expect(runs).toBe(2)
})

test('runs keep their distance, however often they are asked for', async () => {
  const startsMs: number[] = []
  const task = start({
    spacingMs: 50,
    run: async () => {
      startsMs.push(performance.now())
    },
  })
  task.trigger()
  await expect.poll(() => startsMs.length).toBe(1)
  task.trigger()
  task.trigger()
  await expect.poll(() => startsMs.length).toBe(2)
  expect(startsMs[1]! - startsMs[0]!).toBeGreaterThan(45)
})

test('runNow waits for a run that began after the call', async () => {
  const hold = deferred<void>()
  const done: number[] = []
  let runs = 0
  const task = start({
    run: async () => {
      runs += 1
      const run = runs
      if (run === 1) await hold.promise
      done.push(run)
    },
  })
  task.trigger()
  await expect.poll(() => runs).toBe(1)
  const both = Promise.all([task.runNow(), task.runNow()])
  hold.resolve()
  await both
  expect(done).toEqual([1, 2])
})

test('a stop waits for the run in progress and prevents the next', async () => {
  const hold = deferred<void>()
  let isDone = false
  let runs = 0
  const task = start({
    run: async () => {
      runs += 1
      await hold.promise
      isDone = true
    },
  })
  task.trigger()
  await expect.poll(() => runs).toBe(1)
  task.trigger()
  const stopping = task.stop()
  hold.resolve()
  await stopping
  expect(isDone).toBe(true)
  task.trigger()
  await task.runNow()
  await sleep(20)
  expect(runs).toBe(1)
})
