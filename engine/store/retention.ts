/**
 * What of the log is to go, and whether anything more may come: a pure function over what is known
 * of the disk and of the oldest segment. One segment at a time: whoever acts on the answer looks
 * again before the next, so no more goes than has to.
 *
 *   disk in use    Java's setting               what it does
 *   > 75 %         diskMaxUsedSpaceRatio        what is past fileReservedTime goes at any hour
 *   > 85 %         diskSpaceCleanForciblyRatio  the oldest segment goes, whatever its age
 *   > 90 %         diskSpaceWarningLevelRatio   the same, and nothing is written
 *
 * (DefaultMessageStore.CleanCommitLogService). What the log has reserved and not written counts as
 * free, as it is in Java, whose files are sparse. Besides, an absolute floor holds on any disk, for
 * those of a few hundred megabytes: the log never takes the last of it, because queues, index and
 * tables grow after the log does.
 */
import { StoreError } from '../base/errors.ts'
import { GIB, KIB, MIB } from '../base/units.ts'
import { type DiskSpace, diskUsedPercent } from '../file/disk-space.ts'
import { parseHoursOfDay } from './hours-of-day.ts'
import type { StoreConfig } from './store-options.ts'

/** What of a store's options counts here. */
export type RetentionRules = Pick<
  StoreConfig,
  | 'expire'
  | 'fileReservedMs'
  | 'deleteWhen'
  | 'diskMaxUsedPercent'
  | 'diskCleanForciblyPercent'
  | 'diskWarningLevelPercent'
  | 'cleanFileForcibly'
  | 'diskFreeBytesMin'
>

export interface RetentionFacts {
  readonly nowMs: number
  readonly space: DiskSpace
  /** Blocks of the log that are reserved and not written yet, in bytes. */
  readonly reservedBytes: number
  /** When the oldest segment was last written, in ms. */
  readonly oldestModifiedMs: number
  /**
   * Whether the oldest segment may go at all: it is full, it is not the last, and what was built
   * from it is on the disk.
   */
  readonly isOldestFree: boolean
  /** Length of the next segment, while there is none; 0 otherwise. */
  readonly wantedBytes: number
  /** Somebody asked for what has expired to go now (DELETE_EXPIRED_COMMITLOG). */
  readonly isAskedFor: boolean
}

/** Why a segment goes. */
export type DeletionReason = 'age' | 'space'

export interface RetentionDecision {
  /** Why the oldest segment is to go now; undefined when it stays. */
  readonly deletion: DeletionReason | undefined
  /** The disk is getting full: look again soon, and have the oldest segment ready to go. */
  readonly isTight: boolean
  /** Why nothing is to be written; undefined while there is room. */
  readonly shortage: StoreError | undefined
}

/** Java takes settings outside of these for the nearest (MessageStoreConfig, CleanCommitLog…). */
const MAX_USED_PERCENTS = [10, 95] as const
const CLEAN_FORCIBLY_PERCENTS = [30, 85] as const
const WARNING_LEVEL_PERCENTS = [35, 90] as const
/** A disk with less room than so many times the floor is looked at more often. */
const FLOORS_AHEAD = 4

export function decideRetention(rules: RetentionRules, facts: RetentionFacts): RetentionDecision {
  const { space, wantedBytes } = facts
  const usedPercent = diskUsedPercent(space, facts.reservedBytes)
  const isBelowFloor = space.availableBytes - wantedBytes < rules.diskFreeBytesMin
  const isRoomNeeded =
    rules.expire &&
    rules.cleanFileForcibly &&
    (isBelowFloor || usedPercent > clamp(rules.diskCleanForciblyPercent, CLEAN_FORCIBLY_PERCENTS))
  const mayGo = rules.expire && facts.isOldestFree
  const isFilling = usedPercent > clamp(rules.diskMaxUsedPercent, MAX_USED_PERCENTS)
  const isNearFloor = space.availableBytes < FLOORS_AHEAD * rules.diskFreeBytesMin
  const isTight = isFilling || isBelowFloor || isNearFloor
  const isDue =
    facts.isAskedFor ||
    isFilling ||
    isBelowFloor ||
    parseHoursOfDay(rules.deleteWhen)?.includes(new Date(facts.nowMs).getHours()) === true
  const isExpired = facts.nowMs >= facts.oldestModifiedMs + rules.fileReservedMs
  let deletion: DeletionReason | undefined
  if (mayGo && isDue && isExpired) deletion = 'age'
  else if (mayGo && isRoomNeeded) deletion = 'space'
  return { deletion, isTight, shortage: shortageOf(rules, facts, usedPercent) }
}

/**
 * Why a file of this length may not be made: too little would be left.
 * @returns undefined when there is room
 */
export function lackOfRoom(
  rules: RetentionRules,
  space: DiskSpace,
  lengthBytes: number,
): StoreError | undefined {
  if (space.availableBytes - lengthBytes >= rules.diskFreeBytesMin) return undefined
  const free = `${byteText(space.availableBytes)} of ${byteText(space.totalBytes)} are free`
  const floor = `${byteText(rules.diskFreeBytesMin)} (diskFreeBytesMin)`
  const message = `the next segment has no room: ${free}, and with its ${byteText(lengthBytes)}`
  return new StoreError('STORE_SPACE_SHORT', `${message} less than ${floor} would be left`)
}

function shortageOf(
  rules: RetentionRules,
  facts: RetentionFacts,
  usedPercent: number,
): StoreError | undefined {
  const { space } = facts
  const { diskFreeBytesMin } = rules
  const warning = clamp(rules.diskWarningLevelPercent, WARNING_LEVEL_PERCENTS)
  let limit: string | undefined
  if (space.availableBytes < diskFreeBytesMin) {
    limit = `below ${byteText(diskFreeBytesMin)} free (diskFreeBytesMin)`
  } else if (rules.expire && usedPercent > warning) {
    limit = `above ${warning}% in use (diskSpaceWarningLevelRatio)`
  }
  if (limit === undefined) return undefined
  const usedBytes = space.totalBytes - space.freeBytes - facts.reservedBytes
  const used = `${byteText(usedBytes)} of ${byteText(space.totalBytes)} in use (${usedPercent}%)`
  const free = `${byteText(space.availableBytes)} free`
  const age = `the oldest segment is ${ageText(facts.nowMs - facts.oldestModifiedMs)} old`
  const message = `the disk is short of room: ${used}, ${free}, writes stop ${limit}; ${age}`
  return new StoreError('STORE_SPACE_SHORT', message)
}

function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(Math.max(value, least), most)
}

const UNITS = [
  [GIB, 'GiB'],
  [MIB, 'MiB'],
  [KIB, 'KiB'],
] as const

/** As people write it: `1.5 GiB`. */
function byteText(bytes: number): string {
  const [size, name] = UNITS.find(([least]) => bytes >= least) ?? [1, 'B']
  return size === 1 ? `${Math.max(0, bytes)} B` : `${(bytes / size).toFixed(1)} ${name}`
}

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

function ageText(ageMs: number): string {
  if (ageMs >= HOUR_MS) return `${(ageMs / HOUR_MS).toFixed(1)} hours`
  return `${Math.max(0, Math.floor(ageMs / MINUTE_MS))} minutes`
}
