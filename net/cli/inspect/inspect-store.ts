/** Reads everything that is worth knowing of a store, and changes nothing in it. */
import { existsSync } from 'node:fs'
import { basename, join } from 'node:path'
import { StoreError } from '../../../engine/base/errors.ts'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { type StoreLayout, storeLayout } from '../../../engine/file/store-layout.ts'
import {
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  INDEX_HEADER_BYTES,
  isIndexFileName,
  readIndexHeader,
} from '../../../engine/format/index-format.ts'
import { loadCheckpoint } from '../../../engine/store/store-checkpoint.ts'
import { diskBytesOf } from './disk-bytes.ts'
import { inspectLog, listSegmentFiles } from './inspect-log.ts'
import { inspectQueues } from './inspect-queues.ts'
import { inspectTopics } from './inspect-topics.ts'
import { findLockHolder } from './lock-holder.ts'
import type { IndexInspection, StoreInspection } from './store-inspection.ts'

/**
 * Looks into the store in `directory`, which may be in use.
 * @throws {StoreError} `STORE_DIRECTORY_UNUSABLE` when there is no store
 */
export function inspectStore(directory: string): StoreInspection {
  const layout = storeLayout(directory)
  if (!existsSync(layout.commitLog)) {
    throw new StoreError('STORE_DIRECTORY_UNUSABLE', `there is no store in ${directory}`)
  }
  const files = nodeFileSystem()
  const problems: string[] = []
  const segmentFiles = listSegmentFiles(files, layout, problems)
  const logStartOffset = segmentFiles[0]?.startOffset ?? 0
  const location = {
    directory: layout.commitLog,
    segmentBytes: segmentFiles[0]?.sizeBytes ?? 1,
    startOffset: logStartOffset,
  }
  const { queues, endPhysicalOffset } = inspectQueues(files, layout, location, problems)
  return {
    directory,
    state: {
      lock: findLockHolder(layout.lock),
      isCleanlyStopped: !existsSync(layout.abort),
      configFiles: files.list(layout.config),
    },
    log: inspectLog(files, layout, segmentFiles, endPhysicalOffset),
    topics: inspectTopics(queues),
    queues,
    indexFiles: inspectIndex(files, layout, problems),
    checkpoint: existsSync(layout.checkpoint) ? loadCheckpoint(files, layout) : undefined,
    problems,
  }
}

function inspectIndex(
  files: FileSystem,
  layout: StoreLayout,
  problems: string[],
): IndexInspection[] {
  const found: IndexInspection[] = []
  for (const name of files.list(layout.index)) {
    const path = join(layout.index, name)
    if (isIndexFileName(name)) found.push(inspectIndexFile(files, path))
    else problems.push(`${path} is not the name of an index file`)
  }
  return found
}

function inspectIndexFile(files: FileSystem, path: string): IndexInspection {
  const fd = files.open(path, 'read')
  try {
    const head = Buffer.alloc(INDEX_HEADER_BYTES)
    files.read(fd, head, 0, head.length, 0)
    const header = createIndexHeader()
    readIndexHeader(head, header)
    return {
      name: basename(path),
      keyCount: header.indexCount - FIRST_INDEX_ENTRY,
      sizeBytes: files.sizeBytes(fd),
      diskBytes: diskBytesOf(path),
      beginTimestampMs: header.beginTimestampMs,
      endTimestampMs: header.endTimestampMs,
      endPhysicalOffset: header.endPhysicalOffset,
    }
  } finally {
    files.close(fd)
  }
}
