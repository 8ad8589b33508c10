/** GET_CONSUMER_LIST_BY_GROUP (38) and the push NOTIFY_CONSUMER_IDS_CHANGED (40). */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { list, object, text } from './json-shape.ts'

/** Java: GetConsumerListByGroupRequestHeader. */
export const GetConsumerListByGroupRequestHeader = { consumerGroup: required('string') } as const
export type GetConsumerListByGroupRequestHeader = HeaderOf<
  typeof GetConsumerListByGroupRequestHeader
>

/** Java: GetConsumerListByGroupResponseBody. */
export const ConsumerList = object({ consumerIdList: list(text) })
export type ConsumerList = ShapeOf<typeof ConsumerList>

/** Java: NotifyConsumerIdsChangedRequestHeader. */
export const NotifyConsumerIdsChangedRequestHeader = { consumerGroup: required('string') } as const
export type NotifyConsumerIdsChangedRequestHeader = HeaderOf<
  typeof NotifyConsumerIdsChangedRequestHeader
>
