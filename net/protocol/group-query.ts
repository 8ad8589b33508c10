/**
 * What admin tools ask about groups: QUERY_SUBSCRIPTION_BY_CONSUMER (345), GET_ALL_PRODUCER_INFO
 * (328), UPDATE_AND_GET_GROUP_FORBIDDEN (353).
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import { SubscriptionData } from './heartbeat.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  int32,
  int64,
  list,
  object,
  optional as optionalMember,
  text,
  textMap,
  withDefault,
} from './json-shape.ts'

/** Java: QuerySubscriptionByConsumerRequestHeader. */
export const QuerySubscriptionRequestHeader = {
  group: required('string'),
  topic: optional('string'),
} as const
export type QuerySubscriptionRequestHeader = HeaderOf<typeof QuerySubscriptionRequestHeader>

/** Java: QuerySubscriptionResponseBody. */
export const QuerySubscriptionResponseBody = object({
  group: text,
  /** Missing when no connected consumer of the group subscribes to the topic. */
  subscriptionData: optionalMember(SubscriptionData),
  topic: optionalMember(text),
})
export type QuerySubscriptionResponseBody = ShapeOf<typeof QuerySubscriptionResponseBody>

/** Java: ProducerInfo. */
export const ProducerInfo = object({
  clientId: withDefault(text, ''),
  /** A name of Java's LanguageCode. */
  language: withDefault(text, 'OTHER'),
  /** When its last heartbeat came, in milliseconds. */
  lastUpdateTimestamp: int64,
  /** `/host:port`, as Java prints an address. */
  remoteIP: withDefault(text, ''),
  version: int32,
})
export type ProducerInfo = ShapeOf<typeof ProducerInfo>

/** The body of code 328's response: producers by group (Java: ProducerTableInfo). */
export const ProducerTableInfo = object({ data: textMap(list(ProducerInfo)) })
export type ProducerTableInfo = ShapeOf<typeof ProducerTableInfo>

/** Java: UpdateGroupForbiddenRequestHeader. */
export const UpdateGroupForbiddenRequestHeader = {
  group: required('string'),
  topic: required('string'),
  /** Missing: nothing is changed. */
  readable: optional('boolean'),
} as const
export type UpdateGroupForbiddenRequestHeader = HeaderOf<typeof UpdateGroupForbiddenRequestHeader>

/** Java: GroupForbidden. */
export const GroupForbidden = object({ group: text, readable: boolean, topic: text })
export type GroupForbidden = ShapeOf<typeof GroupForbidden>
