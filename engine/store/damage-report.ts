import type { FileSystem } from '../file/file-system.ts'
import { type StoreLayout, segmentPath } from '../file/store-layout.ts'
import type { LogDamage } from '../log/log-verify.ts'
import { type StoredRange, storedRangesIn } from './stored-ranges.ts'

/** A damage with its place on the disk, and what lies there. */
export interface DamageReport extends LogDamage {
  readonly file: string
  /** Position of the first damaged byte in the file. */
  readonly position: number
  /** By what the queues have of that part of the log. */
  readonly messages: readonly StoredRange[]
}

/** @param startOffset of the segment that is damaged */
export function reportDamage(
  files: FileSystem,
  layout: StoreLayout,
  startOffset: number,
  damage: LogDamage,
): DamageReport {
  return {
    ...damage,
    file: segmentPath(layout.commitLog, startOffset),
    position: damage.offset - startOffset,
    messages: storedRangesIn(files, layout, damage.offset, damage.endOffset),
  }
}

/** More queues than this are only counted. */
const QUEUES_TOLD_MAX = 20

/** A damage in one line. */
export function describeDamage({ file, position, ...damage }: DamageReport): string {
  const { kind, offset, endOffset, found, messages } = damage
  const told = messages.slice(0, QUEUES_TOLD_MAX).map(describeRange)
  if (messages.length > told.length) told.push(`${messages.length - told.length} queues more`)
  const lost = kind === 'record' ? 'lost' : 'in it'
  const ranges = told.length === 0 ? '' : `; ${lost}: ${told.join(', ')}`
  return (
    `${file} is damaged from byte ${position} on: ${found}, ` +
    `${endOffset - offset} bytes of the log, ${offset} to ${endOffset}${ranges}`
  )
}

/** The messages of one queue, in words. */
export function describeRange({ topic, queueId, fromOffset, toOffset }: StoredRange): string {
  const count = toOffset - fromOffset
  const messages = count === 1 ? '1 message' : `${count} messages`
  return `topic ${topic}, queue ${queueId}, offsets ${fromOffset} to ${toOffset - 1} (${messages})`
}
