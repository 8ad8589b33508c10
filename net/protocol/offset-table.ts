/** How far queues are consumed, as a body and in a broadcasting consumer's file. */

import type { ShapeOf } from './json-shape.ts'
import { int64, object, objectKeyedMap } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** Java: OffsetSerializeWrapper, ResetOffsetBody. */
export const OffsetTable = object({ offsetTable: objectKeyedMap(MessageQueue, int64) })
export type OffsetTable = ShapeOf<typeof OffsetTable>
