/**
 * Goal: the benchmark of the log library appends what it says, and leaves nothing behind.
 * Method: short runs with small segments. No test looks at a speed.
 */
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { AppendBenchOptions } from '../../../../net/cli/load/bench-options.ts'
import { runAppend } from '../../../../net/cli/load/run-append.ts'

let options: AppendBenchOptions
beforeEach(() => {
  options = {
    size: 100,
    batch: 1,
    inFlight: 16,
    queues: 3,
    flush: 'async',
    segmentPreparation: 'allocate',
    segmentSize: 1024 * 1024,
    index: false,
    count: 1000,
    duration: 0,
    warmup: 0,
    data: mkdtempSync(join(tmpdir(), 'agena-append-')),
    quiet: true,
  }
})
afterEach(() => rmSync(options.data, { recursive: true }))

test('messages are appended one by one', async () => {
  const report = await runAppend(options)
  expect(report).toMatchObject({ benchmark: 'append', messageCount: 1000, messageBytes: 100 })
  expect(report.latency.count).toBe(1000)
  expect(report.bytesPerSecond).toBeCloseTo(report.ratePerSecond * 100, 3)
  expect(readdirSync(options.data)).toEqual([])
})

test('a batch counts its messages, over several segments', async () => {
  const report = await runAppend({ ...options, batch: 64, count: 20_000 })
  expect(report.messageCount).toBe(313 * 64)
  expect(report.latency.count).toBe(313)
})

test('sync flush, a warm-up and a log of latencies', async () => {
  const hlog = join(options.data, 'append.hlog')
  const report = await runAppend({ ...options, flush: 'sync', count: 20, warmup: 20, hlog })
  expect(report.messageCount).toBeGreaterThanOrEqual(20)
  expect(report.durability).toContain('sync flush')
  expect(existsSync(hlog)).toBe(true)
})

test('a failure leaves nothing behind either', async () => {
  const running = runAppend({ ...options, size: 5 * 1024 * 1024 })
  await expect(running).rejects.toMatchObject({ code: 'STORE_MESSAGE_ILLEGAL' })
  expect(readdirSync(options.data)).toEqual([])
})
