import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { availableParallelism, cpus, release, totalmem } from 'node:os'
import { GIB } from '../../../engine/base/units.ts'
import { probeSync } from '../../../net/cli/load/sync-probe.ts'
import { sequentialWriteRate } from '../measures/disk-rate.ts'

/** What the figures were measured on. */
export interface Machine {
  readonly cores: number
  readonly processor: string
  readonly memoryGib: number
  readonly kernel: string
  readonly node: string
  readonly java: string
  /** A write of 4 KiB and its fdatasync. */
  readonly syncP50Us: number
  readonly syncP99Us: number
  /** One file written past the page cache from its begin to its end. */
  readonly writeBytesPerSecond: number
}

const WRITTEN_BYTES = GIB

/** Looks at the machine, and at the disk below `directory`. */
export function describeMachine(directory: string): Machine {
  mkdirSync(directory, { recursive: true })
  const sync = probeSync(directory)
  return {
    cores: availableParallelism(),
    processor: cpus()[0]?.model ?? 'unknown',
    memoryGib: Math.round(totalmem() / GIB),
    kernel: release(),
    node: process.versions.node,
    java: javaVersion(),
    syncP50Us: sync.p50Us,
    syncP99Us: sync.p99Us,
    writeBytesPerSecond: sequentialWriteRate(directory, WRITTEN_BYTES),
  }
}

/** The machine in two lines. */
export function formatMachine(machine: Machine): string {
  const { cores, processor, memoryGib, kernel, node, java } = machine
  const megabytes = (machine.writeBytesPerSecond / 10 ** 6).toFixed(0)
  const sync = `${machine.syncP50Us.toFixed(0)} µs (p99 ${machine.syncP99Us.toFixed(0)} µs)`
  return [
    `${cores} cores (${processor}), ${memoryGib} GiB, Linux ${kernel}, Node ${node}, Java ${java}`,
    `disk: 4 KiB and fdatasync ${sync}, ${megabytes} MB/s written in a row`,
  ].join('\n')
}

function javaVersion(): string {
  const { stderr } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  return /"(.+)"/.exec(stderr ?? '')?.[1] ?? 'not installed'
}
