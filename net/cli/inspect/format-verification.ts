import { join } from 'node:path'
import { type DamageReport, describeRange } from '../../../engine/store/damage-report.ts'
import type { VerificationReport } from './verification-report.ts'

/** The report for a person. */
export function formatVerification(report: VerificationReport): string {
  const lines = [
    ...report.damages.flatMap(damageLines),
    ...queueLines(report),
    ...indexLines(report),
    ...tailLines(report),
    ...report.notes.map((note) => `NOTE: ${note}`),
    summary(report),
    report.isDamaged ? 'DAMAGED' : 'no damage',
  ]
  return `${lines.join('\n')}\n`
}

function damageLines(damage: DamageReport): string[] {
  const { kind, file, position, offset, endOffset, found, messages } = damage
  const verb = kind === 'record' ? 'lost' : 'in it'
  return [
    `DAMAGE: ${file} from byte ${position} on: ${found}`,
    `  ${endOffset - offset} bytes of the log, ${offset} to ${endOffset}`,
    ...messages.map((range) => `  ${verb}: ${describeRange(range)}`),
  ]
}

function queueLines({ directory, queueDamages, queueDamageCount }: VerificationReport): string[] {
  if (queueDamageCount === 0) return []
  const lines = queueDamages.map(({ topic, queueId, queueOffset, physicalOffset, found }) => {
    const place = `topic ${topic}, queue ${queueId}, offset ${queueOffset}`
    return `DAMAGE: ${place} should lead to the record at ${physicalOffset}: ${found}`
  })
  lines.push(...moreLines(queueDamageCount - queueDamages.length))
  const folder = join(directory, 'consumequeue')
  lines.push(`Queues are built from the log: without ${folder} the next start makes them anew.`)
  return lines
}

function indexLines({ directory, indexDamages, indexDamageCount }: VerificationReport): string[] {
  if (indexDamageCount === 0) return []
  const lines = indexDamages.map(({ file, entry, physicalOffset, found }) => {
    return `DAMAGE: ${file} has for entry ${entry}, of the record at ${physicalOffset}: ${found}`
  })
  lines.push(...moreLines(indexDamageCount - indexDamages.length))
  const folders = `${join(directory, 'index')} and ${join(directory, 'consumequeue')}`
  lines.push(`The index is built from the log: without ${folders} the next start makes it anew.`)
  return lines
}

function moreLines(count: number): string[] {
  return count > 0 ? [`  and ${count} more`] : []
}

function tailLines({ tornTail }: VerificationReport): string[] {
  if (tornTail === undefined) return []
  const { file, position, found } = tornTail
  return [
    `NOTE: ${file} ends at byte ${position} with ${found}, half of a write: the next start cuts it`,
  ]
}

function summary(report: VerificationReport): string {
  const { segmentCount, hashedSegmentCount, recordCount } = report
  const parts = [`${segmentCount} segments`]
  if (hashedSegmentCount > 0) parts.push(`${hashedSegmentCount} of them by the hashes of all bytes`)
  if (recordCount > 0 || hashedSegmentCount < segmentCount) parts.push(`${recordCount} records`)
  if (report.areQueuesVerified) parts.push('their places in the queues')
  if (report.isIndexVerified) parts.push('the index')
  return parts.join(', ')
}
