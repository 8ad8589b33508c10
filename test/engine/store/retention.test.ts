/** What is to go and what may come, for every state of the disk and of the oldest segment. */
import { describe, expect, it } from 'vitest'
import { GIB, MIB } from '../../../engine/base/units.ts'
import { diskUsedPercent } from '../../../engine/file/disk-space.ts'
import {
  decideRetention,
  lackOfRoom,
  type RetentionFacts,
  type RetentionRules,
} from '../../../engine/store/retention.ts'
import { parseStoreOptions } from '../../../engine/store/store-options.ts'

const HOUR_MS = 3_600_000
/** Noon, local time: not the hour of `deleteWhen`. */
const NOON_MS = new Date(2026, 0, 2, 12).getTime()
const EXPIRING: RetentionRules = parseStoreOptions({ expire: true })

function disk(usedPercent: number, totalBytes = 100 * GIB) {
  const freeBytes = totalBytes * (1 - usedPercent / 100)
  return { totalBytes, freeBytes, availableBytes: freeBytes }
}

function facts(more: Partial<RetentionFacts> = {}): RetentionFacts {
  return {
    nowMs: NOON_MS,
    space: disk(50),
    reservedBytes: 0,
    oldestModifiedMs: NOON_MS - 100 * HOUR_MS,
    isOldestFree: true,
    wantedBytes: 0,
    isAskedFor: false,
    ...more,
  }
}

const young = { oldestModifiedMs: NOON_MS - HOUR_MS }
const atFour = new Date(2026, 0, 2, 4, 59).getTime()

describe('the oldest segment', () => {
  const deletion = (more: Partial<RetentionFacts>, rules: Partial<RetentionRules> = {}) =>
    decideRetention({ ...EXPIRING, ...rules }, facts(more)).deletion

  it.each<[string, Partial<RetentionFacts>, Partial<RetentionRules>, 'age' | 'space' | undefined]>([
    ['stays when its time has come but not the hour', {}, {}, undefined],
    ['goes for its age in the hour', { nowMs: atFour, oldestModifiedMs: 0 }, {}, 'age'],
    ['goes in any of several hours', {}, { deleteWhen: '04;12' }, 'age'],
    ['stays in the hour when it is younger', young, { deleteWhen: '12' }, undefined],
    [
      'stays a millisecond before its time',
      { oldestModifiedMs: NOON_MS - 72 * HOUR_MS + 1 },
      { deleteWhen: '12' },
      undefined,
    ],
    [
      'goes when its time is up',
      { oldestModifiedMs: NOON_MS - 72 * HOUR_MS },
      { deleteWhen: '12' },
      'age',
    ],
    ['goes for its age when asked', { isAskedFor: true }, {}, 'age'],
    ['stays when asked and young', { isAskedFor: true, ...young }, {}, undefined],
    ['stays at 75 % in use', { space: disk(75) }, {}, undefined],
    ['goes for its age above', { space: disk(76) }, {}, 'age'],
    ['stays at 85 % when young', { space: disk(85), ...young }, {}, undefined],
    ['goes above whatever its age', { space: disk(86), ...young }, {}, 'space'],
    [
      'stays above when none is forced',
      { space: disk(86), ...young },
      { cleanFileForcibly: false },
      undefined,
    ],
    [
      'goes above for its age all the same',
      { space: disk(86) },
      { cleanFileForcibly: false },
      'age',
    ],
    [
      'stays at any cost when it is not free',
      { space: disk(99), isOldestFree: false },
      {},
      undefined,
    ],
    [
      'stays where nothing expires',
      { space: disk(99), isAskedFor: true },
      { expire: false },
      undefined,
    ],
    ['goes for the floor', { space: disk(50, 50 * MIB), ...young }, {}, 'space'],
    ['goes for the next segment', { wantedBytes: 50 * GIB, ...young }, {}, 'space'],
    ['stays when that fits', { wantedBytes: 49 * GIB, ...young }, {}, undefined],
    [
      'stays for what is reserved',
      { space: disk(90), reservedBytes: 5 * GIB, ...young },
      {},
      undefined,
    ],
    [
      'goes above 30 % at the earliest',
      { space: disk(31), ...young },
      { diskCleanForciblyPercent: 0 },
      'space',
    ],
    [
      'goes above 85 % at the latest',
      { space: disk(86), ...young },
      { diskCleanForciblyPercent: 100 },
      'space',
    ],
  ])('%s', (_name, more, rules, expected) => {
    expect(deletion(more, rules)).toBe(expected)
  })
})

describe('writing', () => {
  const shortage = (more: Partial<RetentionFacts>, rules: Partial<RetentionRules> = {}) =>
    decideRetention({ ...EXPIRING, ...rules }, facts(more)).shortage

  it('goes on up to 90 % in use, and stops above with the numbers', () => {
    expect(shortage({ space: disk(90) })).toBeUndefined()
    const error = shortage({ space: disk(91), ...young })
    expect(error?.code).toBe('STORE_SPACE_SHORT')
    expect(error?.message).toBe(
      'the disk is short of room: 91.0 GiB of 100.0 GiB in use (91%), 9.0 GiB free, ' +
        'writes stop above 90% in use (diskSpaceWarningLevelRatio); ' +
        'the oldest segment is 1.0 hours old',
    )
  })

  it('stops below the floor, whatever the percents, and where nothing expires too', () => {
    const space = disk(0, 33 * MIB)
    expect(shortage({ space })).toBeUndefined()
    const low = disk(50, 40 * MIB)
    for (const expire of [true, false]) {
      const message = shortage({ space: low }, { expire })?.message
      expect(message).toContain('20.0 MiB of 40.0 MiB in use (50%), 20.0 MiB free')
      expect(message).toContain('writes stop below 32.0 MiB free (diskFreeBytesMin)')
    }
    expect(shortage({ space: low }, { diskFreeBytesMin: 20 * MIB })).toBeUndefined()
  })

  it('does not stop by percents where nothing expires', () => {
    expect(shortage({ space: disk(99) }, { expire: false })).toBeUndefined()
  })

  it('makes no segment that would leave less than the floor', () => {
    const space = disk(0, 100 * MIB)
    expect(lackOfRoom(EXPIRING, space, 68 * MIB)).toBeUndefined()
    const lack = lackOfRoom(EXPIRING, space, 69 * MIB)
    expect(lack?.code).toBe('STORE_SPACE_SHORT')
    expect(lack?.message).toContain('with its 69.0 MiB less than 32.0 MiB (diskFreeBytesMin)')
  })
})

describe('a disk', () => {
  it('is as full as Java says: rounded up, and without what is kept for the superuser', () => {
    const space = { totalBytes: 1000, freeBytes: 500, availableBytes: 400 }
    expect(diskUsedPercent(space)).toBe(56)
    expect(diskUsedPercent(space, 100)).toBe(45)
    expect(diskUsedPercent({ totalBytes: 0, freeBytes: 0, availableBytes: 0 })).toBe(0)
  })
})
