/** How long sends are held, and in which order they are tried again. Time is handed in. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { connectionState } from '../../../../net/broker/connection-state.ts'
import { HeldSends } from '../../../../net/broker/send/held-sends.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { Connection } from '../../../../net/remoting/connection.ts'
import { LimitedLogger } from '../../../../net/remoting/limited-logger.ts'

const WAIT_MS = 1_000
const config = { brokerFastFailureEnable: true, waitTimeInSendQueueMs: WAIT_MS }

let held: HeldSends
let lines: string[]
let tried: string[]

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  lines = []
  tried = []
  const note = (line: string): void => void lines.push(line)
  held = new HeldSends({ config, log: new LimitedLogger({ info: note, warn: note, error: note }) })
})
afterEach(() => {
  held.close()
  vi.useRealTimers()
})

/** A connection whose send is never taken: it is held again each time, or refused. */
function connectionOf(name: string): { connection: Connection; attempt: () => string } {
  const attempt = (): string => {
    tried.push(name)
    try {
      held.note(connection, () => 'the disk is slow')
      held.hold(connection)
      return 'held'
    } catch (error) {
      const { message, responseCode } = error as Error & { responseCode: number }
      return `${responseCode} ${message}`
    }
  }
  const parts = { remoteAddress: name, remoteHost: '127.0.0.1', remotePort: 1, retryHeld: attempt }
  const connection = parts as unknown as Connection
  return { connection, attempt }
}

test('a send is held for the time that is set, and refused then with the cause', () => {
  const { attempt } = connectionOf('a')
  expect(attempt()).toBe('held')
  vi.advanceTimersByTime(WAIT_MS - 1)
  expect(held.count).toBe(1)
  expect(held.oldestWaitMs(Date.now())).toBe(WAIT_MS - 1)
  vi.advanceTimersByTime(WAIT_MS)
  expect(held.count).toBe(0)
  // What comes behind it is refused at once.
  expect(attempt()).toMatch(
    /^2 \[TIMEOUT_CLEAN_QUEUE\].*period in queue: \d{4}ms.*the disk is slow/,
  )
  expect(lines).toEqual(['sends are refused, a first: the disk is slow'])
  expect(ResponseCode.SYSTEM_BUSY).toBe(2)
})

test('one that was refused waits anew after a send was taken, or after a silence', () => {
  const { connection, attempt } = connectionOf('a')
  attempt()
  vi.advanceTimersByTime(2 * WAIT_MS)
  expect(attempt()).toMatch(/^2 /)
  connectionState(connection).heldSinceMs = 0
  expect(attempt()).toBe('held')
  vi.advanceTimersByTime(2 * WAIT_MS)
  expect(attempt()).toMatch(/^2 /)
  vi.advanceTimersByTime(10 * WAIT_MS)
  expect(attempt()).toBe('held')
})

test('who has waited longest is tried first', () => {
  const [first, second] = [connectionOf('a'), connectionOf('b')]
  first.attempt()
  vi.advanceTimersByTime(10)
  second.attempt()
  // The first got one in meanwhile, and waits with its next.
  vi.advanceTimersByTime(10)
  connectionState(first.connection).heldSinceMs = 0
  held.retryAll()
  tried.length = 0
  held.retryAll()
  expect(tried).toEqual(['b', 'a'])
})

test('nobody is refused where that is switched off', () => {
  config.brokerFastFailureEnable = false
  try {
    const { attempt } = connectionOf('a')
    attempt()
    vi.advanceTimersByTime(100 * WAIT_MS)
    expect(held.count).toBe(1)
    expect(lines).toEqual([])
  } finally {
    config.brokerFastFailureEnable = true
  }
})
