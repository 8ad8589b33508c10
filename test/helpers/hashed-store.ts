import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { storeLayout } from '../../engine/file/store-layout.ts'
import { findNewestSegment } from '../../engine/log/newest-segment.ts'
import { loadBlockHasher } from '../../engine/store/block-hashes.ts'
import type { ScrubPlace } from '../../engine/store/scrub.ts'
import { hashStep } from '../../engine/store/scrub.ts'
import { listStoreSegments } from '../../engine/store/store-segments.ts'

/** What a scrub works on in a store that is closed: everything before its newest segment. */
export function scrubPlaceOf(directory: string): ScrubPlace & { readonly startOffsets: number[] } {
  const files = nodeFileSystem()
  const layout = storeLayout(directory)
  const { startOffsets, segmentBytes } = listStoreSegments(files, layout)
  const log = { directory: layout.commitLog, segmentBytes }
  const sealedOffset = findNewestSegment(files, log, startOffsets)
  return { layout, segmentBytes, sealedOffset, startOffsets: [...startOffsets] }
}

/** Hashes all sealed segments of a store. */
export async function hashStore(directory: string): Promise<ScrubPlace> {
  const place = scrubPlaceOf(directory)
  const hasher = await loadBlockHasher()
  const pace = { passed: () => true }
  for (;;) {
    const step = hashStep(
      nodeFileSystem(),
      hasher,
      { ...place, trustedOffset: 0, damaged: [] },
      pace,
    )
    if (step.kind === 'idle') return place
    if (step.kind !== 'hashed') throw new Error(`hashing ${directory}: ${step.kind}`)
  }
}
