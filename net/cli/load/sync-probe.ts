import { closeSync, fdatasyncSync, fsyncSync, openSync, rmSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { pid } from 'node:process'
import { PAGE_BYTES } from '../../../engine/base/units.ts'

/** How long a small durable write takes on a disk. */
export interface SyncProbe {
  /** Median of a write of 4 KiB into a file with its blocks in place, and its fdatasync. */
  readonly p50Us: number
  readonly p99Us: number
  readonly sampleCount: number
}

const PAGE_COUNT = 256
const DURATION_MS_MAX = 1000
const US_PER_MS = 1000

/** Measures in `directory` for at most a second; its file is removed. @throws a system error */
export function probeSync(directory: string): SyncProbe {
  const path = join(directory, `.agena-sync-probe-${pid}`)
  const fd = openSync(path, 'w')
  try {
    // The blocks are written first, as a broker's are: else it is the journal that is measured.
    writeSync(fd, Buffer.alloc(PAGE_COUNT * PAGE_BYTES), 0, PAGE_COUNT * PAGE_BYTES, 0)
    fsyncSync(fd)
    const samplesMs = measure(fd)
    const at = (share: number): number =>
      samplesMs[Math.floor((samplesMs.length - 1) * share)]! * US_PER_MS
    return { p50Us: at(0.5), p99Us: at(0.99), sampleCount: samplesMs.length }
  } finally {
    closeSync(fd)
    rmSync(path)
  }
}

/** The samples in ms, ascending. */
function measure(fd: number): number[] {
  const page = Buffer.alloc(PAGE_BYTES, 1)
  const samplesMs: number[] = []
  const endMs = performance.now() + DURATION_MS_MAX
  for (let index = 0; index < PAGE_COUNT; index++) {
    const startMs = performance.now()
    if (startMs >= endMs && samplesMs.length > 0) break
    writeSync(fd, page, 0, PAGE_BYTES, index * PAGE_BYTES)
    fdatasyncSync(fd)
    samplesMs.push(performance.now() - startMs)
  }
  return samplesMs.sort((left, right) => left - right)
}
