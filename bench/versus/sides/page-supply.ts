import { execFileSync } from 'node:child_process'
import { closeSync, ftruncateSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { GIB, KIB, MIB } from '../../../engine/base/units.ts'

/** Left free: the kernel keeps some memory so in any case. */
const FREE_BYTES = 1.5 * GIB

/**
 * Puts free memory into the page cache, as it is on a machine that has run for a while: with holes
 * of a file, which cost nothing to read and are the first that the kernel takes back. A virtual
 * machine may have handed its free memory back to its host; then each page of it that a broker
 * writes costs several microseconds of the broker's time, and what a turn costs depends on what ran
 * before.
 */
export function useFreeMemory(directory: string): void {
  const bytes = freeBytes() - FREE_BYTES
  if (bytes <= 0) return
  const path = join(directory, `.holes-${process.hrtime.bigint()}`)
  const fd = openSync(path, 'w')
  try {
    ftruncateSync(fd, bytes - (bytes % MIB))
  } finally {
    closeSync(fd)
  }
  execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'bs=1M'], { stdio: 'ignore' })
}

function freeBytes(): number {
  return Number(/^MemFree:\s*(\d+) kB$/m.exec(readFileSync('/proc/meminfo', 'latin1'))?.[1]) * KIB
}
