/** Goal: a report says under which conditions a figure was measured, in units that people read. */
import { expect, test } from 'vitest'
import {
  type BenchReport,
  formatMicroseconds,
  formatReport,
} from '../../../../net/cli/load/bench-report.ts'

const REPORT: BenchReport = {
  benchmark: 'send',
  target: '127.0.0.1:10911',
  topic: 'Bench',
  messageBytes: 128,
  batchCount: 1,
  connectionCount: 16,
  inFlightCount: 256,
  durability: 'ASYNC_FLUSH',
  hostSync: { p50Us: 120.4, p99Us: 1500, sampleCount: 256 },
  messageCount: 1_234_567,
  elapsedMs: 10_000,
  ratePerSecond: 123_456.7,
  bytesPerSecond: 15_802_457,
  latency: {
    count: 1_234_567,
    p50Us: 88.2,
    p90Us: 950,
    p99Us: 2000,
    p999Us: 123_456,
    maxUs: 200_000,
  },
  generatorCpuUsPerMessage: 0.857,
  refusals: {},
}

test('a report for a person', () => {
  expect(formatReport(REPORT)).toBe(`benchmark       send: 127.0.0.1:10911, topic Bench
conditions      128 B messages, batch 1, 256 in flight on 16 connections
durability      ASYNC_FLUSH
host fdatasync  4 KiB p50 120 µs, p99 1.50 ms
messages        1,234,567 in 10.0 s
rate            123,457 messages/s, 15.1 MiB/s
latency         p50 88.2 µs, p90 950 µs, p99 2.00 ms, p99.9 123 ms, max 200 ms
generator CPU   0.86 µs a message
`)
})

test('what is not always there', () => {
  const text = formatReport({
    ...REPORT,
    benchmark: 'e2e',
    connectionCount: 1,
    scheduledRatePerSecond: 5000,
    endToEnd: REPORT.latency,
    brokerCpuUsPerMessage: 4.9,
    brokerRssAnonBytes: 128 * 1024 * 1024,
    disk: { flushCount: 123_457, writtenBytes: 20 * 1024 * 1024 },
    logBytes: 10 * 1024 * 1024,
    refusals: { 2: 1500 },
  })
  expect(text).toContain('on 1 connection, 5,000 messages/s on a schedule\n')
  expect(text).toContain('end to end      p50 88.2 µs')
  expect(text).toContain('123,457 flushes, 0.1000 an ack, 2.0 MiB/s written, log 1.0 MiB/s\n')
  expect(text).toContain('broker CPU      4.90 µs a message\n')
  expect(text).toContain('broker RssAnon  128 MiB\n')
  expect(text).toContain('refused         1,500 requests with code 2\n')
})

test.each([
  [0, '0.0 µs'],
  [99.94, '99.9 µs'],
  [100, '100 µs'],
  [999, '999 µs'],
  [1000, '1.00 ms'],
  [150_000, '150 ms'],
])('%d µs are %s', (us, text) => {
  expect(formatMicroseconds(us)).toBe(text)
})
