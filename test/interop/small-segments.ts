import type { ExpectedStore } from '../../scripts/java/expected-store.ts'
import type { StoreOptions } from '../../workers/index.ts'

/** Small enough for a few hundred messages to fill several files of each kind. */
export const smallSegments: ExpectedStore['settings'] = {
  mappedFileSizeCommitLog: 65_536,
  mappedFileSizeConsumeQueue: 2_000,
  maxHashSlotNum: 64,
  maxIndexNum: 256,
}

/** The same, as a broker's settings. */
export const smallSegmentSettings: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(smallSegments).map(([name, value]) => [name, String(value)]),
)

/** The same, as options of our library. */
export const smallStoreOptions: StoreOptions = {
  segmentBytes: smallSegments.mappedFileSizeCommitLog,
  consumeQueueFileBytes: smallSegments.mappedFileSizeConsumeQueue,
  indexSlotCount: smallSegments.maxHashSlotNum,
  indexEntryCount: smallSegments.maxIndexNum,
}
