/**
 * Goal: figures of loads that ran together are added up once, and other log libraries do what they
 * are measured at.
 * Method: reports as `agena bench` prints them, histogram logs as it writes them; a real write
 * stream in a temporary folder.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { percentilesOf, sumOf } from '../../../bench/versus/loads/bench-command.ts'
import { openLibrary } from '../../../bench/versus/loads/log-libraries.ts'
import type { BenchReport } from '../../../net/cli/load/bench-report.ts'
import { LatencyLog } from '../../../net/cli/load/latency-log.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

function reportOf(parts: Partial<BenchReport>): BenchReport {
  return { elapsedMs: 1000, refusals: {}, ...parts } as BenchReport
}

describe('loads that ran together', () => {
  test('share the broker, whose time counts once', () => {
    const sent = { messageCount: 1000, ratePerSecond: 1000, generatorCpuUsPerMessage: 2 }
    const pulled = { messageCount: 3000, ratePerSecond: 3000, generatorCpuUsPerMessage: 1 }
    const sample = sumOf([
      reportOf({ ...sent, brokerCpuUsPerMessage: 12, brokerRssAnonBytes: 5, refusals: { 2: 4 } }),
      reportOf({ ...pulled, brokerCpuUsPerMessage: 4, brokerRssAnonBytes: 7 }),
    ])
    expect(sample).toEqual({
      ratePerSecond: 4000,
      cpuUs: 3,
      rssAnonBytes: 7,
      generatorUs: 1.25,
      generatorCores: 0.005,
      refusalCount: 4,
    })
  })

  test('have percentiles over all of them', async () => {
    using folder = temporaryFolder()
    const paths: string[] = []
    for (const latencyMs of [1, 9]) {
      const log = await LatencyLog.create(true)
      log.start(0)
      log.record(latencyMs, 100)
      log.endInterval(1000)
      log.record(latencyMs, latencyMs === 1 ? 100 : 0)
      log.endInterval(2000)
      const path = join(folder.path, `${latencyMs}.hlog`)
      log.writeFile(path)
      paths.push(path)
    }
    const { p50Us, p99Us } = percentilesOf(paths)
    expect(p50Us).toBeCloseTo(1000, -1)
    expect(p99Us).toBeCloseTo(9000, -2)
  })
})

test.each(['async', 'sync'] as const)(
  'a write stream, %s flush, holds what was answered',
  async (flush) => {
    using folder = temporaryFolder()
    const library = await openLibrary('write stream', folder.path, flush)
    const message = (text: string) => ({ topic: 'T', queueId: 0, body: Buffer.from(text) })
    await Promise.all([library.append(message('a')), library.append(message('b'))])
    await library.appendBatch([message('c'), message('d')])
    expect(readFileSync(join(folder.path, 'log'), 'utf8')).toBe('abcd')
    await library.close()
  },
)
