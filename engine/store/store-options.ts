import { StoreError } from '../base/errors.ts'
import { GIB, MIB } from '../base/units.ts'
import {
  CONSUME_QUEUE_FILE_BYTES_DEFAULT,
  CONSUME_QUEUE_UNIT_BYTES,
} from '../format/consume-queue-format.ts'
import { INDEX_ENTRY_COUNT_DEFAULT, INDEX_SLOT_COUNT_DEFAULT } from '../format/index-format.ts'
import { DELAY_LEVELS_DEFAULT, DelayLevels } from '../queue/delay-levels.ts'
import { parseHoursOfDay } from './hours-of-day.ts'

/** How a store is kept. Every field has a default; an explicit `undefined` keeps it. */
export interface StoreOptions {
  /**
   * When an append counts as done: `async` once it is written, `sync` once it is on the disk.
   * @default 'async' (RocketMQ `flushDiskType`)
   */
  readonly flush?: 'async' | 'sync' | undefined
  /**
   * Length of a commit-log segment, in bytes. A store that exists keeps the length it has.
   * @default 1_073_741_824 (RocketMQ `mappedFileSizeCommitLog`)
   */
  readonly segmentBytes?: number | undefined
  /**
   * How the next segment is made ready: `allocate` reserves its blocks, `write` also fills them
   * with zeros, which costs the device every byte twice and makes small synced writes quicker.
   * @default 'allocate'
   */
  readonly segmentPreparation?: 'allocate' | 'write' | undefined
  /**
   * Length of a consume queue file, in bytes, rounded up to whole units of 20.
   * @default 6_000_000 (RocketMQ `mappedFileSizeConsumeQueue`)
   */
  readonly consumeQueueFileBytes?: number | undefined
  /**
   * Whether messages can be looked up by unique key, keys and tags.
   * @default true (RocketMQ `messageIndexEnable`)
   */
  readonly index?: boolean | undefined
  /** Hash slots of an index file. @default 5_000_000 (RocketMQ `maxHashSlotNum`) */
  readonly indexSlotCount?: number | undefined
  /** Entries of an index file. @default 20_000_000 (RocketMQ `maxIndexNum`) */
  readonly indexEntryCount?: number | undefined
  /** Longest body of a message, in bytes. @default 4_194_304 (RocketMQ `maxMessageSize`) */
  readonly messageBytesMax?: number | undefined
  /**
   * Longest time between two flushes of the log in `async` mode, in milliseconds.
   * @default 500 (RocketMQ `flushIntervalCommitLog`)
   */
  readonly flushIntervalMs?: number | undefined
  /**
   * A flush of the log in `async` mode waits for this many pages of 4 KiB …
   * @default 4 (RocketMQ `flushCommitLogLeastPages`)
   */
  readonly flushPageCountMin?: number | undefined
  /**
   * … but not longer than this, in milliseconds.
   * @default 10_000 (RocketMQ `flushCommitLogThoroughInterval`)
   */
  readonly flushThoroughIntervalMs?: number | undefined
  /**
   * Longest time that an append in `sync` mode waits for its flush before it is reported as slow,
   * in milliseconds.
   * @default 5_000 (RocketMQ `syncFlushTimeout`)
   */
  readonly syncFlushTimeoutMs?: number | undefined
  /**
   * Time between two flushes of consume queues and index, in milliseconds.
   * @default 1_000 (RocketMQ `flushIntervalConsumeQueue`)
   */
  readonly queueFlushIntervalMs?: number | undefined
  /**
   * A queue is flushed when it has this many new pages of 4 KiB …
   * @default 2 (RocketMQ `flushConsumeQueueLeastPages`)
   */
  readonly queueFlushPageCountMin?: number | undefined
  /**
   * … or when this much time has passed, in milliseconds.
   * @default 60_000 (RocketMQ `flushConsumeQueueThoroughInterval`)
   */
  readonly queueFlushThoroughIntervalMs?: number | undefined
  /**
   * The delays of level 1, 2, … of delayed messages.
   * @default '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h' (RocketMQ
   * `messageDelayLevel`)
   */
  readonly delayLevels?: string | undefined
  /**
   * How fast segments that were sealed are read and hashed in the background, so that damage in any
   * byte of them can be told later, in bytes a second; 0 leaves them without hashes.
   * @default 67_108_864
   */
  readonly blockHashBytesPerSecond?: number | undefined
  /**
   * How fast all sealed segments are read again in the background and compared with their hashes,
   * in bytes a second; 0 leaves them unread. What is damaged is told to the logger.
   * @default 0
   */
  readonly scrubBytesPerSecond?: number | undefined
  /**
   * Time between the starts of two such passes, in milliseconds; a pass that takes longer is
   * followed by the next one at once.
   * @default 604_800_000
   */
  readonly scrubIntervalMs?: number | undefined
  /**
   * Whether old segments are deleted, by age and for room; without, the log grows until the disk is
   * short of room, whatever the settings below say. A broker's store expires.
   * @default false
   */
  readonly expire?: boolean | undefined
  /**
   * How long a segment is kept after its last write, in milliseconds.
   * @default 259_200_000, 72 hours (RocketMQ `fileReservedTime`)
   */
  readonly fileReservedMs?: number | undefined
  /**
   * The hours of the day, in local time, in which what is older is deleted: `04` or `04;16`.
   * @default '04' (RocketMQ `deleteWhen`)
   */
  readonly deleteWhen?: string | undefined
  /**
   * With more of the disk in use, what is older is deleted at any hour; percents from 10 to 95,
   * others count as the nearest of these.
   * @default 75 (RocketMQ `diskMaxUsedSpaceRatio`)
   */
  readonly diskMaxUsedPercent?: number | undefined
  /**
   * With more of the disk in use, the oldest segments are deleted whatever their age; percents from
   * 30 to 85, others count as the nearest of these.
   * @default 85 (RocketMQ `diskSpaceCleanForciblyRatio`)
   */
  readonly diskCleanForciblyPercent?: number | undefined
  /**
   * With more of the disk in use, a store that expires writes nothing; percents from 35 to 90,
   * others count as the nearest of these.
   * @default 90 (RocketMQ `diskSpaceWarningLevelRatio`)
   */
  readonly diskWarningLevelPercent?: number | undefined
  /**
   * Whether segments may be deleted before their time, to make room.
   * @default true (RocketMQ `cleanFileForciblyEnable`)
   */
  readonly cleanFileForcibly?: boolean | undefined
  /**
   * With fewer bytes free on the disk nothing is written, whether the store expires or not; and no
   * segment is made that would leave fewer. They are for queues, index and tables.
   * @default 33_554_432
   */
  readonly diskFreeBytesMin?: number | undefined
  /**
   * How often it is looked whether something is to go, in milliseconds; at least once a second
   * while the disk is getting full.
   * @default 10_000 (RocketMQ `cleanResourceInterval`)
   */
  readonly cleanResourceIntervalMs?: number | undefined
  /**
   * Pause between the deletion of two segments, in milliseconds.
   * @default 100 (RocketMQ `deleteCommitLogFilesInterval`)
   */
  readonly deleteSegmentIntervalMs?: number | undefined
  /**
   * How long a segment that is to go waits for readers who were given parts of it, in milliseconds;
   * then whoever gave them is told to end them.
   * @default 120_000 (RocketMQ `destroyMapedFileIntervalForcibly`)
   */
  readonly releaseSegmentMs?: number | undefined
  /**
   * How segments are mapped: `shared` needs nothing, `mmap-io` the package of that name.
   * @default 'shared'
   */
  readonly mapping?: 'shared' | 'mmap-io' | undefined
  /**
   * What a start does about damage in a part of the log that was on the disk: `refuse` to open the
   * store, or `cut` the log there, which loses the acknowledged messages behind it. What is cut is
   * kept in the store's folder `agena`.
   * @default 'refuse'
   */
  readonly onCorruption?: 'refuse' | 'cut' | undefined
}

/** {@link StoreOptions} with every field present and checked. */
export type StoreConfig = {
  readonly [Name in keyof StoreOptions]-?: Exclude<StoreOptions[Name], undefined>
} & {
  /** Whether the length of segments was asked for, or is only the default. */
  readonly isSegmentBytesGiven: boolean
}

const DAY_MS = 86_400_000
const YEAR_DAYS = 365

/** What a store does when its options say nothing. */
export const STORE_DEFAULTS = Object.freeze({
  flush: 'async',
  segmentBytes: GIB,
  segmentPreparation: 'allocate',
  consumeQueueFileBytes: CONSUME_QUEUE_FILE_BYTES_DEFAULT,
  index: true,
  indexSlotCount: INDEX_SLOT_COUNT_DEFAULT,
  indexEntryCount: INDEX_ENTRY_COUNT_DEFAULT,
  messageBytesMax: 4 * MIB,
  flushIntervalMs: 500,
  flushPageCountMin: 4,
  flushThoroughIntervalMs: 10_000,
  syncFlushTimeoutMs: 5_000,
  queueFlushIntervalMs: 1_000,
  queueFlushPageCountMin: 2,
  queueFlushThoroughIntervalMs: 60_000,
  delayLevels: DELAY_LEVELS_DEFAULT,
  blockHashBytesPerSecond: 64 * MIB,
  scrubBytesPerSecond: 0,
  scrubIntervalMs: 7 * DAY_MS,
  expire: false,
  fileReservedMs: 3 * DAY_MS,
  deleteWhen: '04',
  diskMaxUsedPercent: 75,
  diskCleanForciblyPercent: 85,
  diskWarningLevelPercent: 90,
  cleanFileForcibly: true,
  diskFreeBytesMin: 32 * MIB,
  cleanResourceIntervalMs: 10_000,
  deleteSegmentIntervalMs: 100,
  releaseSegmentMs: 120_000,
  mapping: 'shared',
  onCorruption: 'refuse',
}) satisfies Readonly<Required<StoreOptions>>

/** Smallest and largest value of each number among {@link StoreOptions}. */
export const STORE_BOUNDS = {
  segmentBytes: [4096, 64 * GIB],
  consumeQueueFileBytes: [CONSUME_QUEUE_UNIT_BYTES, GIB],
  indexSlotCount: [1, 500_000_000],
  indexEntryCount: [2, 500_000_000],
  messageBytesMax: [1, 512 * MIB],
  flushIntervalMs: [1, 3_600_000],
  flushPageCountMin: [0, 1_000_000],
  flushThoroughIntervalMs: [1, 3_600_000],
  syncFlushTimeoutMs: [1, 3_600_000],
  queueFlushIntervalMs: [1, 3_600_000],
  queueFlushPageCountMin: [0, 1_000_000],
  queueFlushThoroughIntervalMs: [1, 3_600_000],
  blockHashBytesPerSecond: [0, 64 * GIB],
  scrubBytesPerSecond: [0, 64 * GIB],
  scrubIntervalMs: [1_000, YEAR_DAYS * DAY_MS],
  fileReservedMs: [0, 100 * YEAR_DAYS * DAY_MS],
  diskMaxUsedPercent: [0, 100],
  diskCleanForciblyPercent: [0, 100],
  diskWarningLevelPercent: [0, 100],
  diskFreeBytesMin: [0, 1024 * GIB],
  cleanResourceIntervalMs: [1, 3_600_000],
  deleteSegmentIntervalMs: [0, 3_600_000],
  releaseSegmentMs: [0, 3_600_000],
} as const satisfies { readonly [Name in keyof StoreOptions]?: readonly [number, number] }

const CHOICES = {
  flush: ['async', 'sync'],
  segmentPreparation: ['allocate', 'write'],
  mapping: ['shared', 'mmap-io'],
  onCorruption: ['refuse', 'cut'],
} as const

const FLAGS = ['index', 'expire', 'cleanFileForcibly'] as const

/**
 * Checks and completes the options.
 * @throws {StoreError} `STORE_OPTION_INVALID` with the option's name and what it may be.
 */
export function parseStoreOptions(options: StoreOptions = {}): StoreConfig {
  const given = Object.entries(options).filter(([, value]) => value !== undefined)
  for (const [name] of given) {
    if (!(name in STORE_DEFAULTS)) throw invalid(`${name} is not an option of a store`)
  }
  const merged: Required<StoreOptions> = { ...STORE_DEFAULTS, ...Object.fromEntries(given) }
  for (const [name, [least, most]] of Object.entries(STORE_BOUNDS)) {
    checkNumber(name, merged[name as keyof StoreOptions], least, most)
  }
  for (const [name, choices] of Object.entries(CHOICES)) {
    const value = merged[name as keyof StoreOptions]
    if (!choices.some((choice) => choice === value)) {
      throw invalid(`${name} is ${String(value)}, but must be one of ${choices.join(', ')}`)
    }
  }
  for (const name of FLAGS) {
    if (typeof merged[name] !== 'boolean') throw invalid(`${name} must be true or false`)
  }
  if (typeof merged.deleteWhen !== 'string' || parseHoursOfDay(merged.deleteWhen) === undefined) {
    throw invalid(
      `deleteWhen is ${String(merged.deleteWhen)}, but must be hours such as 04 or 04;16`,
    )
  }
  new DelayLevels(merged.delayLevels)
  const units = Math.ceil((merged.consumeQueueFileBytes ?? 0) / CONSUME_QUEUE_UNIT_BYTES)
  return Object.freeze({
    ...(merged as Omit<StoreConfig, 'isSegmentBytesGiven'>),
    consumeQueueFileBytes: units * CONSUME_QUEUE_UNIT_BYTES,
    isSegmentBytesGiven: options.segmentBytes !== undefined,
  })
}

function checkNumber(name: string, value: unknown, least: number, most: number): void {
  if (typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most)
    return
  throw invalid(`${name} is ${String(value)}, but must be a whole number from ${least} to ${most}`)
}

function invalid(message: string): StoreError {
  return new StoreError('STORE_OPTION_INVALID', message)
}
