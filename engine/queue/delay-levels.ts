/**
 * The delay levels of `messageDelayLevel` (ScheduleMessageService.parseDelayLevel): level 1 is the
 * first. A delayed message waits in {@link DelayLevels.topic}; its queue unit carries the time of
 * delivery where others carry the hash of their tags.
 */
import { assert } from '../base/assert.ts'
import { StoreError } from '../base/errors.ts'

export const DELAY_LEVELS_DEFAULT = '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h'

const MS_OF_UNIT: Readonly<Record<string, number>> = {
  s: 1000,
  m: 60 * 1000,
  h: 60 * 60 * 1000,
  d: 24 * 60 * 60 * 1000,
}
export class DelayLevels {
  /** The topic where delayed messages wait (TopicValidator.RMQ_SYS_SCHEDULE_TOPIC). */
  readonly topic = 'SCHEDULE_TOPIC_XXXX'
  readonly delaysMs: readonly number[]

  /**
   * @throws {StoreError} `STORE_OPTION_INVALID` for a level that is not a number with s, m, h or d.
   */
  constructor(levels: string = DELAY_LEVELS_DEFAULT) {
    this.delaysMs = levels.trim().split(/\s+/).map(parseLevel)
  }

  /** The longest level: what asks for more gets this one. */
  get levelMax(): number {
    return this.delaysMs.length
  }

  /** When a message of a level, 1 or more, is to be delivered, in ms since 1970. */
  deliverTimestampMs(level: number, storeTimestampMs: number): number {
    const delayMs = this.delaysMs[Math.min(level, this.levelMax) - 1]
    assert(delayMs !== undefined, 'the first level is 1')
    return storeTimestampMs + delayMs
  }
}

function parseLevel(text: string): number {
  const match = /^(\d+)([smhd])$/.exec(text)
  const unitMs = MS_OF_UNIT[match?.[2] ?? '']
  if (match === null || unitMs === undefined) {
    throw new StoreError('STORE_OPTION_INVALID', `delay level ${text} is not like 10s, 5m or 2h`)
  }
  return Number(match[1]) * unitMs
}
