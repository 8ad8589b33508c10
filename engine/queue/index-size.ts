import { join } from 'node:path'
import type { FileSystem } from '../file/file-system.ts'
import {
  INDEX_ENTRY_COUNT_DEFAULT,
  INDEX_SLOT_COUNT_DEFAULT,
  indexFileBytes,
} from '../format/index-format.ts'
import type { IndexFileSize } from './index-file.ts'

/** How many entries RocketMQ has for each slot unless its settings say otherwise. */
const ENTRIES_PER_SLOT = INDEX_ENTRY_COUNT_DEFAULT / INDEX_SLOT_COUNT_DEFAULT

/**
 * Slots and entries of the index files in a folder. Only the settings of whoever wrote them tell:
 * they are taken from a file's length, with RocketMQ's four entries for a slot.
 * @returns `none` without any file; `unknown` for a length that other numbers lead to.
 */
export function indexSizeOf(
  files: FileSystem,
  directory: string,
): IndexFileSize | 'none' | 'unknown' {
  const [name] = files.list(directory)
  if (name === undefined) return 'none'
  const fd = files.open(join(directory, name), 'read')
  let sizeBytes: number
  try {
    sizeBytes = files.sizeBytes(fd)
  } finally {
    files.close(fd)
  }
  const slotCount = (sizeBytes - indexFileBytes(0, 0)) / bytesOfSlot()
  const isPossible = Number.isInteger(slotCount) && slotCount > 0
  return isPossible ? { slotCount, entryCount: slotCount * ENTRIES_PER_SLOT } : 'unknown'
}

/** What a slot takes with its entries. */
function bytesOfSlot(): number {
  return indexFileBytes(1, ENTRIES_PER_SLOT) - indexFileBytes(0, 0)
}
