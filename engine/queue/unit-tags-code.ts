import { tagsCodeOfUtf8 } from '../format/consume-queue-format.ts'
import { PropertyName } from '../format/message-const.ts'
import type { PropertyFinder } from '../format/properties-codec.ts'
import type { DelayLevels } from './delay-levels.ts'

const TAGS = 0
const DELAY_LEVEL = 1
/** What a finder must look for first, in this order, to be asked for a tagsCode. */
export const TAGS_CODE_PROPERTIES = [PropertyName.TAGS, PropertyName.DELAY_TIME_LEVEL] as const

/**
 * The tagsCode of a record's unit: the hash of its tags; in the topic of delayed messages the time
 * of delivery (CommitLog.checkMessageAndReturnSize).
 * @param properties has scanned those of the record, which lies in `bytes`
 */
export function unitTagsCode(
  bytes: Buffer,
  storeTimestampMs: number,
  topic: string,
  properties: PropertyFinder,
  delayLevels: DelayLevels,
): number {
  if (topic === delayLevels.topic && properties.has(DELAY_LEVEL)) {
    const start = properties.startOf(DELAY_LEVEL)
    const level = Number(bytes.toString('latin1', start, properties.endOf(DELAY_LEVEL)))
    if (level > 0) return delayLevels.deliverTimestampMs(level, storeTimestampMs)
  }
  if (!properties.has(TAGS)) return 0
  return tagsCodeOfUtf8(bytes, properties.startOf(TAGS), properties.endOf(TAGS))
}
