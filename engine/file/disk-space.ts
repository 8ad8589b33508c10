/** The file system under a store, in bytes. */
export interface DiskSpace {
  readonly totalBytes: number
  /** What nothing lies on, with what is kept for the superuser. */
  readonly freeBytes: number
  /** What this process may still take of it. */
  readonly availableBytes: number
}

const PERCENTS = 100

/**
 * Whole percents in use, rounded up. What is kept for the superuser counts neither as used nor as
 * usable (UtilAll.getDiskPartitionSpaceUsedPercent).
 * @param reservedBytes in use by name only, and counted as free: blocks that the log has reserved
 * and not written yet.
 */
export function diskUsedPercent(space: DiskSpace, reservedBytes = 0): number {
  const usableBytes = Math.max(1, space.totalBytes - space.freeBytes + space.availableBytes)
  const usedBytes = Math.max(0, space.totalBytes - space.freeBytes - reservedBytes)
  return Math.ceil((usedBytes * PERCENTS) / usableBytes)
}
