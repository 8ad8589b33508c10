/** QUERY_CONSUMER_OFFSET (14), UPDATE_CONSUMER_OFFSET (15), GET_ALL_CONSUMER_OFFSET (43). */
import { DataVersion } from './data-version.ts'
import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { int64, numberMap, object, optional as optionalMember, textMap } from './json-shape.ts'

/** Java: QueryConsumerOffsetRequestHeader. */
export const QueryConsumerOffsetRequestHeader = {
  consumerGroup: required('string'),
  topic: required('string'),
  queueId: required('int32'),
  setZeroIfNotFound: optional('boolean'),
} as const
export type QueryConsumerOffsetRequestHeader = HeaderOf<typeof QueryConsumerOffsetRequestHeader>

/** Java: QueryConsumerOffsetResponseHeader. */
export const QueryConsumerOffsetResponseHeader = { offset: required('int64') } as const
export type QueryConsumerOffsetResponseHeader = HeaderOf<typeof QueryConsumerOffsetResponseHeader>

/** Java: UpdateConsumerOffsetRequestHeader. */
export const UpdateConsumerOffsetRequestHeader = {
  consumerGroup: required('string'),
  topic: required('string'),
  queueId: required('int32'),
  commitOffset: required('int64'),
} as const
export type UpdateConsumerOffsetRequestHeader = HeaderOf<typeof UpdateConsumerOffsetRequestHeader>

/** The body of code 43's response, and `config/consumerOffset.json`
 *  (Java: ConsumerOffsetSerializeWrapper). */
export const ConsumerOffsetTable = object({
  dataVersion: optionalMember(DataVersion),
  /** `topic@group` to queue id to offset. */
  offsetTable: textMap(numberMap(int64)),
})
export type ConsumerOffsetTable = ShapeOf<typeof ConsumerOffsetTable>
