import { execFileSync } from 'node:child_process'
import { readFileSync, statSync } from 'node:fs'

/** Drops the pages of a file: to read none of it with `nocache` is dd's way. */
export function dropPages(path: string): void {
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
}

/** How fast dd reads a file whose pages were dropped, in bytes per second. */
export function sequentialRate(path: string): number {
  const started = performance.now()
  execFileSync('dd', [`if=${path}`, 'of=/dev/null', 'bs=1M'], { stdio: 'ignore' })
  return statSync(path).size / ((performance.now() - started) / 1000)
}

/** Bytes that were read from the disk for a process so far, with what was read ahead. */
export function diskReadBytes(pid: number): number {
  const found = /^read_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'latin1'))
  return Number(found?.[1])
}
