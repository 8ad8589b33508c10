/**
 * A push consumer in a process of its own: says how long each message was on its way, by the time
 * that the load program wrote into its body. Its one argument is a `PushRequest` as JSON. It tells
 * its parent `ready`, is asked once for what came since the measurement began, answers and ends.
 */
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { toMachineMs } from '../../../net/cli/load/machine-clock.ts'
import { PushConsumer } from '../../../net/client/index.ts'

export interface PushRequest {
  readonly nameServer: string
  readonly topic: string
  readonly group: string
}

/** What the parent asks. */
export interface ArrivalsRequest {
  /** When the measurement began, by the clock of the machine. */
  readonly sinceMs: number
  /** How many messages were sent since. */
  readonly messageCount: number
}

/** What the peer tells. */
export type FromPushPeer =
  | { readonly kind: 'ready' }
  | { readonly kind: 'arrivals'; readonly arrivals: Arrivals }

export interface Arrivals {
  readonly messageCount: number
  readonly p50Us: number
  readonly p99Us: number
  readonly p999Us: number
}

const US_PER_MS = 1000
const NS_PER_US = 1000
const ARRIVAL_MS_MAX = 5000
const POLL_MS = 10

const request = JSON.parse(process.argv[2] ?? '{}') as PushRequest
/** Of each message: when it was due, and how long it took. */
const dueMs: number[] = []
const tookMs: number[] = []

const consumer = await PushConsumer.start({
  nameServers: [request.nameServer],
  group: request.group,
  subscriptions: { [request.topic]: '*' },
  onMessage: ([message]) => {
    const nowMs = toMachineMs(performance.now())
    const sinceMs = message?.body.readDoubleBE(0) ?? nowMs
    dueMs.push(sinceMs)
    tookMs.push(nowMs - sinceMs)
    return Promise.resolve('success')
  },
})

process.once('message', (asked: ArrivalsRequest) => {
  void answer(asked)
})
tell({ kind: 'ready' })

async function answer({ sinceMs, messageCount }: ArrivalsRequest): Promise<void> {
  const endMs = performance.now() + ARRIVAL_MS_MAX
  while (countSince(sinceMs) < messageCount && performance.now() < endMs) await sleep(POLL_MS)
  tell({ kind: 'arrivals', arrivals: arrivalsSince(sinceMs) })
  await consumer.close()
  process.disconnect()
}

function countSince(sinceMs: number): number {
  return dueMs.reduce((count, due) => (due >= sinceMs ? count + 1 : count), 0)
}

function arrivalsSince(sinceMs: number): Arrivals {
  const times = createHistogram()
  for (const [index, due] of dueMs.entries()) {
    if (due < sinceMs) continue
    times.record(Math.max(1, Math.round(tookMs[index]! * US_PER_MS * NS_PER_US)))
  }
  const at = (percent: number): number => times.percentile(percent) / NS_PER_US
  return { messageCount: times.count, p50Us: at(50), p99Us: at(99), p999Us: at(99.9) }
}

function tell(message: FromPushPeer): void {
  process.send?.(message)
}
