/** What `agena store verify` tells: each damage with its place, and what it cost. */
import { join } from 'node:path'
import { DescriptorCache } from '../../../engine/file/descriptor-cache.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { segmentPath, storeLayout } from '../../../engine/file/store-layout.ts'
import type { LogDamage } from '../../../engine/log/log-verify.ts'
import { ConsumeQueue } from '../../../engine/queue/consume-queue.ts'
import { listConsumeQueues, queueFileBytesOf } from '../../../engine/queue/consume-queue-store.ts'
import type { QueueDamage } from '../../../engine/store/queue-verify.ts'
import type { StoreVerification } from '../../../workers/verify-store.ts'

/** Messages of one queue that cannot be read: queue offsets, the end excluded. */
export interface LostRange {
  readonly topic: string
  readonly queueId: number
  readonly fromOffset: number
  readonly toOffset: number
}

export interface DamageReport extends LogDamage {
  readonly file: string
  /** Position of the first damaged byte in the file. */
  readonly position: number
  /** By what the queues have of that part of the log. */
  readonly lost: readonly LostRange[]
}

export interface VerificationReport {
  readonly directory: string
  readonly segmentCount: number
  readonly recordCount: number
  readonly damages: readonly DamageReport[]
  /** How many records have no unit or a wrong one; the first of them follow. */
  readonly queueDamageCount: number
  readonly queueDamages: readonly QueueDamage[]
  /** False when they were not asked for, or the store was killed or is in use. */
  readonly areQueuesVerified: boolean
}

const OPEN_FILES_MAX = 100

export function verificationReport(
  directory: string,
  { segments, segmentBytes, damagedQueues, areQueuesVerified }: StoreVerification,
): VerificationReport {
  const { commitLog } = storeLayout(directory)
  const damages = segments.flatMap(({ startOffset, damages: found }) =>
    found.map((damage) => ({
      ...damage,
      file: segmentPath(commitLog, startOffset),
      position: damage.offset % segmentBytes,
    })),
  )
  const lostBy = damages.length === 0 ? () => [] : lostRanges(directory)
  return {
    directory,
    segmentCount: segments.length,
    recordCount: segments.reduce((sum, { recordCount }) => sum + recordCount, 0),
    damages: damages.map((damage) => ({ ...damage, lost: lostBy(damage) })),
    queueDamageCount: damagedQueues.reduce((sum, { damageCount }) => sum + damageCount, 0),
    queueDamages: damagedQueues.flatMap(({ damages: found }) => found),
    areQueuesVerified,
  }
}

export function formatVerification(report: VerificationReport): string {
  const { damages, queueDamages, queueDamageCount, recordCount, segmentCount } = report
  const lines = damages.flatMap(({ file, position, offset, endOffset, found, lost }) => [
    `DAMAGE: ${file} from byte ${position} on: ${found}`,
    `  ${endOffset - offset} bytes of the log, ${offset} to ${endOffset}`,
    ...lost.map(({ topic, queueId, fromOffset, toOffset }) => {
      return `  lost: topic ${topic}, queue ${queueId}, offsets ${fromOffset} to ${toOffset - 1}`
    }),
  ])
  for (const { topic, queueId, queueOffset, physicalOffset, found } of queueDamages) {
    const place = `topic ${topic}, queue ${queueId}, offset ${queueOffset}`
    lines.push(`DAMAGE: ${place} should lead to the record at ${physicalOffset}: ${found}`)
  }
  if (queueDamageCount > queueDamages.length) {
    lines.push(`  and ${queueDamageCount - queueDamages.length} more`)
  }
  if (queueDamageCount > 0) {
    const folder = join(report.directory, 'consumequeue')
    lines.push(`Queues are built from the log: without ${folder} the next start makes them anew.`)
  }
  const queues = report.areQueuesVerified ? ', and their places in the queues' : ''
  lines.push(`${recordCount} records in ${segmentCount} segments${queues}`)
  lines.push(damages.length + queueDamageCount === 0 ? 'no damage' : 'DAMAGED')
  return `${lines.join('\n')}\n`
}

/** Looks up in the queues which messages lay in a part of the log. */
function lostRanges(directory: string): (damage: LogDamage) => LostRange[] {
  const files = nodeFileSystem()
  const root = storeLayout(directory).consumeQueue
  const descriptors = new DescriptorCache(files, { intent: 'read', countMax: OPEN_FILES_MAX })
  const places = [...listConsumeQueues(files, { root, fileBytes: queueFileBytesOf(files, root) })]
  const queues = places.map((place) => new ConsumeQueue(files, { ...place, descriptors }))
  return ({ offset, endOffset }) =>
    queues.flatMap((queue) => {
      const fromOffset = queue.findByPhysicalOffset(offset)
      const toOffset = queue.findByPhysicalOffset(endOffset)
      if (fromOffset === undefined || toOffset === undefined || fromOffset >= toOffset) return []
      return [{ topic: queue.topic, queueId: queue.queueId, fromOffset, toOffset }]
    })
}
