/** GET_ALL_DELAY_OFFSET (45). */
import { DataVersion } from './data-version.ts'
import type { ShapeOf } from './json-shape.ts'
import { int64, numberMap, object, optional } from './json-shape.ts'

/** The body of code 45's response, and `config/delayOffset.json`
 *  (Java: DelayOffsetSerializeWrapper). */
export const DelayOffsetTable = object({
  dataVersion: optional(DataVersion),
  /** Delay level to the queue offset of the next message that is to be delivered. */
  offsetTable: numberMap(int64),
})
export type DelayOffsetTable = ShapeOf<typeof DelayOffsetTable>
