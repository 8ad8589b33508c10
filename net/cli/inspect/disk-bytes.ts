import { statSync } from 'node:fs'

/** Bytes of a block as `stat` counts them. */
const STAT_BLOCK_BYTES = 512

/** How much of the disk a file takes: less than its length when it has holes. */
export function diskBytesOf(path: string): number {
  return statSync(path).blocks * STAT_BLOCK_BYTES
}
