/**
 * Appends to a log library that is not ours, with the load of `agena bench append`. Its one
 * argument is a `LibraryRequest` as JSON; it prints a `Sample` as JSON.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { LatencyLog } from '../../../net/cli/load/latency-log.ts'
import type { LoadFigures } from '../../../net/cli/load/load-meter.ts'
import { AppendLoad } from '../../../net/cli/load/run-append.ts'
import type { Sample } from '../measures/metrics.ts'
import type { AppendShape, LibraryName } from '../row.ts'
import { openLibrary } from './log-libraries.ts'

export interface LibraryRequest {
  readonly library: LibraryName
  readonly append: AppendShape
  /** A store is made in it and removed. */
  readonly directory: string
  readonly warmupMs: number
  readonly durationMs: number
}

async function measure(request: LibraryRequest): Promise<Sample> {
  const latencies = await LatencyLog.create(false)
  if (request.warmupMs > 0) await run(request, request.warmupMs, latencies)
  const { figures, cpuUs } = await run(request, request.durationMs, latencies)
  const { messageCount, elapsedMs, latency } = figures
  return {
    ratePerSecond: (messageCount * 1000) / elapsedMs,
    cpuUs: cpuUs / messageCount,
    p50Us: latency.p50Us,
    p99Us: latency.p99Us,
    p999Us: latency.p999Us,
  }
}

async function run(
  { library, append, directory }: LibraryRequest,
  durationMs: number,
  latencies: LatencyLog,
): Promise<{ readonly figures: LoadFigures; readonly cpuUs: number }> {
  const folder = mkdtempSync(join(directory, 'library-'))
  try {
    const log = await openLibrary(library, folder, append.flush)
    const { bodyBytes: size, batch } = append
    const shape = { size, batch, inFlight: append.inFlight / batch, queues: 1 }
    const bounds = { durationMs, messageCountMax: Number.POSITIVE_INFINITY }
    const cpuStart = process.cpuUsage()
    const figures = await new AppendLoad(log, shape, bounds).run(latencies, () => undefined)
    // What a library puts off belongs to the messages.
    await log.close()
    const { user, system } = process.cpuUsage(cpuStart)
    return { figures, cpuUs: user + system }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

console.log(JSON.stringify(await measure(JSON.parse(process.argv[2] ?? '{}') as LibraryRequest)))
