import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { GIB } from '../../../engine/base/units.ts'
import { sequentialWriteRate } from '../measures/disk-rate.ts'
import type { Sample } from '../measures/metrics.ts'
import type { BenchLoad } from '../row.ts'
import { type LoadPlace, type LoadTimes, runLoads } from './bench-command.ts'
import { runForJson } from './child-report.ts'
import type { HeartbeatRequest, Heartbeats } from './heartbeat-peer.ts'

/** Enough for a disk to show what it keeps up. */
const PROBE_BYTES = 4 * GIB

/**
 * Sends for so long that the disk has its say, with heartbeats of another client meanwhile. What
 * the disk takes in a row is measured before and behind it, on the same file system.
 */
export async function measureSustained(
  load: BenchLoad,
  place: LoadPlace,
  times: LoadTimes,
): Promise<Sample> {
  const before = sequentialWriteRate(place.dataDirectory, PROBE_BYTES)
  const request: HeartbeatRequest = {
    address: place.broker,
    durationMs: times.warmupMs + times.durationMs,
  }
  const program = fileURLToPath(new URL('./heartbeat-peer.js', import.meta.url))
  const [sample, heartbeats] = await Promise.all([
    runLoads([load], place, times),
    runForJson<Heartbeats>(process.execPath, [program, JSON.stringify(request)]),
  ])
  execFileSync('sync')
  const after = sequentialWriteRate(place.dataDirectory, PROBE_BYTES)
  const diskBytesPerSecond = (before + after) / 2
  const { logBytesPerSecond } = sample
  return {
    ...sample,
    diskBytesPerSecond,
    ...(logBytesPerSecond === undefined
      ? {}
      : { diskPercent: (100 * logBytesPerSecond) / diskBytesPerSecond }),
    heartbeatMaxMs: heartbeats.maxMs,
  }
}
