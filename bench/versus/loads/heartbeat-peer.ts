/**
 * A client that sends nothing but heartbeats, in a process of its own. Its one argument is a
 * `HeartbeatRequest` as JSON; it prints `Heartbeats` as JSON.
 */
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'

export interface HeartbeatRequest {
  /** `host:port` of the broker. */
  readonly address: string
  readonly durationMs: number
}

/** Round trips. */
export interface Heartbeats {
  readonly count: number
  readonly p50Ms: number
  readonly maxMs: number
}

const INTERVAL_MS = 100
const TIMEOUT_MS = 30_000
const NS_PER_MS = 1e6
const HEARTBEAT = { clientID: 'bench', consumerDataSet: [], producerDataSet: [] }

async function beat({ address, durationMs }: HeartbeatRequest): Promise<Heartbeats> {
  const client = new RemotingClient()
  const body = Buffer.from(JSON.stringify(HEARTBEAT))
  const times = createHistogram()
  const beatOnce = async (sinceMs: number): Promise<void> => {
    const request = createRequest(RequestCode.HEART_BEAT, { body })
    const { code } = await client.invoke(address, request, TIMEOUT_MS)
    if (code !== ResponseCode.SUCCESS) throw new Error(`a heartbeat is answered with code ${code}`)
    times.record(Math.max(1, Math.round((performance.now() - sinceMs) * NS_PER_MS)))
  }
  try {
    // The first one connects.
    await beatOnce(performance.now())
    times.reset()
    const startMs = performance.now()
    const beats: Promise<void>[] = []
    for (let dueMs = startMs; dueMs < startMs + durationMs; dueMs += INTERVAL_MS) {
      await sleep(Math.max(0, dueMs - performance.now()))
      // An answer that is late does not keep the next heartbeat back. A timer of Node is late by
      // up to a millisecond, and that is no time of the broker.
      beats.push(beatOnce(performance.now()))
    }
    await Promise.all(beats)
  } finally {
    await client.close()
  }
  const atMs = (percent: number): number => times.percentile(percent) / NS_PER_MS
  return { count: times.count, p50Ms: atMs(50), maxMs: times.max / NS_PER_MS }
}

console.log(JSON.stringify(await beat(JSON.parse(process.argv[2] ?? '{}') as HeartbeatRequest)))
