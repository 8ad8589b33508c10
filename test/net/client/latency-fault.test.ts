/**
 * Goal: brokers are left alone for as long as RocketMQ's `MQFaultStrategy` leaves them.
 * Method: its tables (latencyMax, notAvailableDuration) over a clock that the test moves.
 */
import { expect, test } from 'vitest'
import {
  type LatencyFaultOptions,
  LatencyFaults,
  type SendOutcome,
} from '../../../net/client/latency-fault.ts'
import { PRODUCER_DEFAULTS } from '../../../net/client/producer-options.ts'
import { brokerWishes, RoundRobin } from '../../../net/client/queue-choice.ts'

class Clock {
  nowMs = 5_000

  faults(options: Partial<LatencyFaultOptions> = {}): LatencyFaults {
    const now = (): number => this.nowMs
    return new LatencyFaults({
      ...PRODUCER_DEFAULTS,
      sendLatencyFaultEnable: true,
      now,
      ...options,
    })
  }

  /** For how long `a` is left alone from now on. */
  pauseOf(faults: LatencyFaults): number {
    const startMs = this.nowMs
    while (!faults.isAvailable('a')) this.nowMs += 1
    return this.nowMs - startMs
  }
}

test.each([
  [0, 0],
  [49, 0],
  [50, 0],
  [549, 0],
  [550, 2_000],
  [1_799, 2_000],
  [1_800, 5_000],
  [3_000, 6_000],
  [5_000, 10_000],
  [14_999, 10_000],
  [15_000, 30_000],
  [60_000, 30_000],
])('an answer after %i ms costs %i ms', (latencyMs, pauseMs) => {
  const clock = new Clock()
  const faults = clock.faults()
  faults.note('a', latencyMs, 'answered')
  expect(clock.pauseOf(faults)).toBe(pauseMs)
  expect(faults.isReachable('a')).toBe(true)
  expect(faults.isAvailable('b')).toBe(true)
})

test.each([
  ['refused', false, 10_000, false],
  ['lost', false, 10_000, true],
  ['lost', true, 10_000, false],
  ['refused', true, 10_000, false],
] as const)('%s, detector %s: %i ms, reachable %s', (outcome, detects, pauseMs, isReachable) => {
  const clock = new Clock()
  const faults = clock.faults({ startDetectorEnable: detects })
  faults.note('a', 3, outcome)
  expect(faults.isReachable('a')).toBe(isReachable)
  expect(clock.pauseOf(faults)).toBe(pauseMs)
})

test('a quick answer ends no pause, and forgets the broker when there is none', () => {
  const clock = new Clock()
  const faults = clock.faults()
  faults.note('a', 20_000, 'answered')
  clock.nowMs += 1_000
  faults.note('a', 1, 'answered')
  expect(clock.pauseOf(faults)).toBe(29_000)
  expect(faults.isEmpty).toBe(false)
  faults.note('a', 1, 'answered')
  expect(faults.isEmpty).toBe(true)
})

test('a shorter pause does not cut a longer one', () => {
  const clock = new Clock()
  const faults = clock.faults()
  faults.note('a', 15_000, 'answered')
  faults.note('a', 550, 'answered')
  expect(clock.pauseOf(faults)).toBe(30_000)
})

test('switched off, nothing is held against a broker', () => {
  const faults = new Clock().faults({ sendLatencyFaultEnable: false })
  const outcomes: SendOutcome[] = ['answered', 'refused', 'lost']
  for (const outcome of outcomes) faults.note('a', 60_000, outcome)
  expect(faults.isEmpty).toBe(true)
  expect(faults.isAvailable('a')).toBe(true)
})

test('lost brokers are asked in turn, each once an interval, until they answer', async () => {
  const clock = new Clock()
  const faults = clock.faults({ startDetectorEnable: true })
  for (const name of ['a', 'b', 'gone']) faults.note(name, 1, 'lost')
  const asked: string[] = []
  const back = new Set(['b'])
  const isThere = async (name: string): Promise<boolean | undefined> => {
    asked.push(name)
    return name === 'gone' ? undefined : back.has(name)
  }
  await faults.detect(isThere)
  expect(asked.splice(0)).toEqual(['a', 'b', 'gone'])
  expect(['a', 'b', 'gone'].map((name) => faults.isReachable(name))).toEqual([false, true, true])
  clock.nowMs += 1_999
  await faults.detect(isThere)
  expect(asked).toEqual([])
  back.add('a')
  clock.nowMs += 1
  await faults.detect(isThere)
  expect(asked).toEqual(['a', 'b'])
  expect(faults.isReachable('a')).toBe(true)
  expect(faults.isAvailable('a')).toBe(false)
})

/** The brokers that the next eight messages go to. */
function chosen(tried: readonly string[], faults: LatencyFaults): readonly string[] {
  const queues = ['a', 'b', 'c'].flatMap((brokerName) => [
    { topic: 'T', brokerName, queueId: 0 },
    { topic: 'T', brokerName, queueId: 1 },
  ])
  const turn = new RoundRobin()
  const wishes = brokerWishes(tried, faults)
  const names = Array.from({ length: 8 }, () => turn.next(queues, wishes).brokerName)
  return [...new Set(names)].sort()
}

test('available brokers come first, then reachable ones, then any', () => {
  const clock = new Clock()
  const faults = clock.faults({ startDetectorEnable: true })
  expect(chosen([], faults)).toEqual(['a', 'b', 'c'])
  faults.note('a', 1, 'lost')
  expect(chosen([], faults)).toEqual(['b', 'c'])
  faults.note('b', 20_000, 'answered')
  expect(chosen([], faults)).toEqual(['c'])
  faults.note('c', 1, 'lost')
  expect(chosen([], faults)).toEqual(['b'])
  faults.note('b', 1, 'lost')
  expect(chosen([], faults)).toEqual(['a', 'b', 'c'])
})

test('a retry goes to a broker that was not tried, or at least not last', () => {
  const clock = new Clock()
  const faults = clock.faults({ startDetectorEnable: true })
  expect(chosen(['a'], faults)).toEqual(['b', 'c'])
  expect(chosen(['a', 'b'], faults)).toEqual(['c'])
  expect(chosen(['a', 'b', 'c'], faults)).toEqual(['a', 'b'])
  faults.note('b', 1, 'lost')
  expect(chosen(['a'], faults)).toEqual(['c'])
  expect(chosen(['a', 'c'], faults)).toEqual(['b'])
  expect(chosen(['a', 'b', 'c'], faults)).toEqual(['a'])
})
