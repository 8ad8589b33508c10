/** What `agena store verify` tells: each damage with its place, and the messages that lie there. */
import { statSync } from 'node:fs'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { segmentPath, storeLayout } from '../../../engine/file/store-layout.ts'
import { blockHashesPath } from '../../../engine/store/block-hashes.ts'
import { type DamageReport, reportDamage } from '../../../engine/store/damage-report.ts'
import type { IndexDamage } from '../../../engine/store/index-verify.ts'
import type { QueueDamage } from '../../../engine/store/queue-verify.ts'
import type { StoreVerification } from '../../../workers/verify-store.ts'

export interface IndexDamageReport extends IndexDamage {
  readonly file: string
}

export interface VerificationReport {
  readonly directory: string
  readonly isDamaged: boolean
  readonly segmentCount: number
  /** Segments whose blocks were compared with what they were when sealed. */
  readonly hashedSegmentCount: number
  /** Records that were read: none in segments whose hashes were enough. */
  readonly recordCount: number
  readonly damages: readonly DamageReport[]
  /** Half of a write behind the log's end, which the next start cuts: no damage. */
  readonly tornTail: DamageReport | undefined
  /** How many records have no unit or a wrong one, or units no record; the first of them follow. */
  readonly queueDamageCount: number
  readonly queueDamages: readonly QueueDamage[]
  readonly indexDamageCount: number
  readonly indexDamages: readonly IndexDamageReport[]
  /** False when they were not asked for, or the store was killed or is in use. */
  readonly areQueuesVerified: boolean
  readonly isIndexVerified: boolean
  /** What a person should know besides, as sentences. */
  readonly notes: readonly string[]
}

export function verificationReport(
  directory: string,
  verification: StoreVerification,
): VerificationReport {
  const files = nodeFileSystem()
  const layout = storeLayout(directory)
  const { segments, damagedQueues, indexFiles } = verification
  const damages = segments.flatMap((segment) =>
    segment.damages.map((damage) => reportDamage(files, layout, segment.startOffset, damage)),
  )
  const torn = segments.find(({ tornTail }) => tornTail !== undefined)
  const queueDamageCount = countOf(damagedQueues)
  const indexDamageCount = countOf(indexFiles)
  return {
    directory,
    isDamaged: damages.length + queueDamageCount + indexDamageCount > 0,
    segmentCount: segments.length,
    hashedSegmentCount: segments.filter(({ hashes }) => hashes === 'compared').length,
    recordCount: segments.reduce((sum, { recordCount }) => sum + recordCount, 0),
    damages,
    tornTail: torn?.tornTail && reportDamage(files, layout, torn.startOffset, torn.tornTail),
    queueDamageCount,
    queueDamages: damagedQueues.flatMap((queue) => queue.damages),
    indexDamageCount,
    indexDamages: indexFiles.flatMap(({ path, damages: found }) =>
      found.map((damage) => ({ ...damage, file: path })),
    ),
    areQueuesVerified: verification.areQueuesVerified,
    isIndexVerified: verification.isIndexVerified,
    notes: notesOf(directory, verification),
  }
}

function countOf(parts: readonly { readonly damageCount: number }[]): number {
  return parts.reduce((sum, { damageCount }) => sum + damageCount, 0)
}

function notesOf(directory: string, verification: StoreVerification): string[] {
  const layout = storeLayout(directory)
  const notes: string[] = []
  if (verification.areQueuesVerified && !verification.isIndexVerified) {
    notes.push('the index was left out: the length of its files tells no count of slots')
  }
  for (const { startOffset, hashes, hashedAtMs, damages } of verification.segments) {
    const hashFile = blockHashesPath(layout, startOffset)
    if (hashes === 'damaged') {
      notes.push(`${hashFile} is damaged itself: the records were read instead`)
    }
    if (!damages.some(({ kind }) => kind === 'block')) continue
    const file = segmentPath(layout.commitLog, startOffset)
    const { mtimeMs } = statSync(file)
    if (mtimeMs <= hashedAtMs) continue
    notes.push(
      `${file} was written to at ${new Date(mtimeMs).toISOString()}, after it was sealed and ` +
        `hashed at ${new Date(hashedAtMs).toISOString()}. If that was meant, remove ${hashFile}`,
    )
  }
  return notes
}
