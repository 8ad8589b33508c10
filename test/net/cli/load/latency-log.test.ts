/** Goal: latencies come back as percentiles, and as a log that other HdrHistogram tools read. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as hdr from 'hdr-histogram-js'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LatencyLog } from '../../../../net/cli/load/latency-log.ts'

let directory: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agena-latency-'))
})
afterEach(() => rmSync(directory, { recursive: true }))

test('percentiles of what was recorded since the start', async () => {
  const log = await LatencyLog.create(false)
  log.start(0)
  log.record(1000)
  log.start(0)
  for (let us = 1; us <= 1000; us++) log.record(us / 1000)
  expect(log.endInterval(0).count).toBe(1000)
  const { count, p50Us, p90Us, p99Us, p999Us, maxUs } = log.summary()
  expect(count).toBe(1000)
  for (const [measured, expected] of [
    [p50Us, 500],
    [p90Us, 900],
    [p99Us, 990],
    [p999Us, 999],
    [maxUs, 1000],
  ] as const) {
    expect(Math.abs(measured - expected)).toBeLessThan(expected / 500)
  }
})

test('what cannot be is recorded at the nearest bound', async () => {
  const log = await LatencyLog.create(false)
  log.start(0)
  log.record(-1)
  log.record(10 ** 9)
  const { count, p50Us, maxUs } = log.endInterval(0)
  expect(count).toBe(2)
  expect(p50Us).toBe(0)
  expect(maxUs).toBeGreaterThan(599 * 10 ** 6)
})

test('an HdrHistogram log holds every interval', async () => {
  const log = await LatencyLog.create(true)
  const path = join(directory, 'latencies.hlog')
  log.start(1_700_000_000_000)
  log.record(2)
  log.endInterval(1_700_000_001_000)
  log.record(5)
  log.record(6)
  log.endInterval(1_700_000_002_500)
  log.writeFile(path)
  const reader = new hdr.HistogramLogReader(readFileSync(path, 'utf8'))
  const intervals: { count: number; lengthMs: number }[] = []
  let total = 0
  for (;;) {
    const interval = reader.nextIntervalHistogram()
    if (interval === null) break
    const lengthMs = Math.round(interval.endTimeStampMsec - interval.startTimeStampMsec)
    intervals.push({ count: interval.totalCount, lengthMs })
    total += interval.totalCount
    expect(interval.maxValue).toBeGreaterThan(1_900_000)
  }
  expect(total).toBe(3)
  expect(intervals).toEqual([
    { count: 1, lengthMs: 1000 },
    { count: 2, lengthMs: 1500 },
  ])
})
