import { StoreError } from '../base/errors.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { FOUND_WORDS, type LogFinding } from '../log/log-scanner.ts'
import { placeOf } from '../log/segment-listing.ts'

/** Why a store is not opened, where the damage is, what it means, and what shows and mends it. */
export function corruptLogError(
  { commitLog: directory, root }: StoreLayout,
  damage: {
    readonly endOffset: number
    readonly durableOffset: number
    readonly finding: LogFinding
    readonly segmentBytes: number
  },
): StoreError {
  const { endOffset, durableOffset, finding, segmentBytes } = damage
  const { path, position } = placeOf({ directory, segmentBytes }, endOffset)
  const lostBytes = durableOffset - endOffset
  const message =
    `the log is damaged at ${endOffset} (${path}, byte ${position}): ` +
    `there is ${FOUND_WORDS[finding]}. The log was on the disk up to ${durableOffset}: ` +
    `messages in the ${lostBytes} bytes between may have been acknowledged and would be lost. ` +
    `"agena store verify ${root}" lists all damage, "agena store repair ${root} --dry-run" shows ` +
    'what can be done about it'
  return new StoreError('STORE_LOG_CORRUPT', message)
}
