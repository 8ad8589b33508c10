import { statfs } from 'node:fs/promises'
import { systemErrorCode } from '../../../engine/base/errors.ts'

/** The file system under a folder. */
export interface DiskUsage {
  readonly totalBytes: number
  readonly freeBytes: number
  /** Whole percents in use as a share, rounded up (UtilAll.getDiskPartitionSpaceUsedPercent). */
  readonly usedRatio: number
}

const PERCENTS = 100

/** Undefined when there is no such folder. */
export async function diskUsage(folder: string): Promise<DiskUsage | undefined> {
  try {
    const { bsize, blocks, bfree, bavail } = await statfs(folder)
    const usedBlocks = blocks - bfree
    // What is kept for the superuser counts neither as used nor as usable.
    const percent = Math.ceil((usedBlocks * PERCENTS) / Math.max(1, usedBlocks + bavail))
    return {
      totalBytes: blocks * bsize,
      freeBytes: bfree * bsize,
      usedRatio: percent / PERCENTS,
    }
  } catch (error) {
    if (systemErrorCode(error) === 'ENOENT') return undefined
    throw error
  }
}
