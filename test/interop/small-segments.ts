import type { ExpectedStore } from '../../scripts/java/expected-store.ts'

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
