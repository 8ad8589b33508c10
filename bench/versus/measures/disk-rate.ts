import { execFileSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { MIB } from '../../../engine/base/units.ts'

/**
 * How fast the disk below `directory` takes one new file from its begin to its end, past the page
 * cache, until it is durable; in bytes a second.
 */
export function sequentialWriteRate(directory: string, totalBytes: number): number {
  const path = join(directory, '.write-probe')
  const words = ['if=/dev/zero', `of=${path}`, 'bs=1M', `count=${totalBytes / MIB}`]
  const startMs = performance.now()
  try {
    execFileSync('dd', [...words, 'oflag=direct', 'conv=fsync'], { stdio: 'ignore' })
    return (totalBytes * 1000) / (performance.now() - startMs)
  } finally {
    rmSync(path, { force: true })
  }
}
