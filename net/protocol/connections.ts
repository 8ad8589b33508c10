/**
 * GET_CONSUMER_CONNECTION_LIST (203), GET_PRODUCER_CONNECTION_LIST (204),
 * QUERY_TOPIC_CONSUME_BY_WHO (300), QUERY_TOPICS_BY_CONSUMER (343).
 */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import { SubscriptionData } from './heartbeat.ts'
import type { ShapeOf } from './json-shape.ts'
import { int32, list, object, optional, text, textMap, withDefault } from './json-shape.ts'

/** One client (Java: Connection). */
export const ClientConnection = object({
  clientAddr: withDefault(text, ''),
  clientId: withDefault(text, ''),
  /** A name of Java's LanguageCode. */
  language: withDefault(text, 'OTHER'),
  version: int32,
})
export type ClientConnection = ShapeOf<typeof ClientConnection>

/** Java: GetConsumerConnectionListRequestHeader. */
export const GetConsumerConnectionListRequestHeader = { consumerGroup: required('string') } as const
export type GetConsumerConnectionListRequestHeader = HeaderOf<
  typeof GetConsumerConnectionListRequestHeader
>

/** Java: ConsumerConnection. */
export const ConsumerConnection = object({
  connectionSet: list(ClientConnection),
  consumeFromWhere: optional(text),
  consumeType: optional(text),
  messageModel: optional(text),
  subscriptionTable: textMap(SubscriptionData),
})
export type ConsumerConnection = ShapeOf<typeof ConsumerConnection>

/** Java: GetProducerConnectionListRequestHeader. */
export const GetProducerConnectionListRequestHeader = { producerGroup: required('string') } as const
export type GetProducerConnectionListRequestHeader = HeaderOf<
  typeof GetProducerConnectionListRequestHeader
>

/** Java: ProducerConnection. */
export const ProducerConnection = object({ connectionSet: list(ClientConnection) })
export type ProducerConnection = ShapeOf<typeof ProducerConnection>

/** Java: QueryTopicConsumeByWhoRequestHeader. */
export const QueryTopicConsumeByWhoRequestHeader = { topic: required('string') } as const
export type QueryTopicConsumeByWhoRequestHeader = HeaderOf<
  typeof QueryTopicConsumeByWhoRequestHeader
>

/** The body of code 300's response (Java: GroupList). */
export const GroupList = object({ groupList: list(text) })
export type GroupList = ShapeOf<typeof GroupList>

/** Java: QueryTopicsByConsumerRequestHeader. The response's body is a `TopicList`. */
export const QueryTopicsByConsumerRequestHeader = { group: required('string') } as const
export type QueryTopicsByConsumerRequestHeader = HeaderOf<typeof QueryTopicsByConsumerRequestHeader>
