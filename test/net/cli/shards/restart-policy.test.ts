/** Goal: what ends once is back soon; what always ends is given up. */
import { expect, test } from 'vitest'
import { RESTART_TIMES, RestartPolicy } from '../../../../net/cli/shards/restart-policy.ts'

test('each start waits twice as long as the one before, and the seventh does not come', () => {
  const policy = new RestartPolicy(RESTART_TIMES)
  const waits = Array.from({ length: 7 }, () => policy.afterEnd(0))
  expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 16_000, undefined])
  expect(policy.afterEnd(59_999)).toBeUndefined()
})

test('a wait has its bound', () => {
  const policy = new RestartPolicy({ ...RESTART_TIMES, delayMs: 20_000 })
  expect([policy.afterEnd(0), policy.afterEnd(0)]).toEqual([20_000, 30_000])
})

test('a minute without an end, and all is forgotten', () => {
  const policy = new RestartPolicy(RESTART_TIMES)
  expect([policy.afterEnd(0), policy.afterEnd(0), policy.afterEnd(60_000)]).toEqual([
    500, 1000, 500,
  ])
})
