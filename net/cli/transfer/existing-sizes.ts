import { StoreError } from '../../../engine/base/errors.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { storeLayout } from '../../../engine/file/store-layout.ts'
import { queueFileBytesOf } from '../../../engine/queue/consume-queue-store.ts'
import { indexSizeOf } from '../../../engine/queue/index-size.ts'
import type { StoreOptions } from '../../../workers/index.ts'

/**
 * The sizes of the files of a store as they are, whatever the settings of its broker say: who opens
 * it with others would misread them.
 * @throws {StoreError} `STORE_FILE_INVALID` where the files do not tell
 */
export function existingSizes(directory: string): StoreOptions {
  const files = nodeFileSystem()
  const { consumeQueue, index } = storeLayout(directory)
  const consumeQueueFileBytes = queueFileBytesOf(files, consumeQueue)
  const size = indexSizeOf(files, index)
  if (size === 'none') return { consumeQueueFileBytes }
  if (size === 'unknown') {
    const message = `the length of the files in ${index} does not tell how many slots they have`
    throw new StoreError('STORE_FILE_INVALID', message)
  }
  const { slotCount: indexSlotCount, entryCount: indexEntryCount } = size
  return { consumeQueueFileBytes, indexSlotCount, indexEntryCount }
}
