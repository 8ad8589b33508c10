import { GIB } from '../base/units.ts'
import type { FileSystem } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { type CorruptionPolicy, listSegments, type SegmentListing } from '../log/segment-listing.ts'
import { loadDurableMark } from './durable-mark.ts'

/**
 * The segments of a store whose settings are not at hand, for those who read it beside a broker.
 * @throws {StoreError} `STORE_FILE_INVALID` for files that make no log, unless it may be cut.
 */
export function listStoreSegments(
  files: FileSystem,
  layout: StoreLayout,
  policy: CorruptionPolicy = 'refuse',
): SegmentListing {
  return listSegments(files, layout.commitLog, {
    segmentBytes: undefined,
    knownBytes: loadDurableMark(files, layout)?.segmentBytes,
    defaultBytes: GIB,
    policy,
  })
}
