/**
 * Topics in the name server: GET_ALL_TOPIC_LIST_FROM_NAMESERVER (206), GET_TOPICS_BY_CLUSTER (224),
 * GET_SYSTEM_TOPIC_LIST_FROM_NS (304), GET_UNIT_TOPIC_LIST (311),
 * GET_HAS_UNIT_SUB_TOPIC_LIST (312), GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST (313), all answered with a
 * {@link TopicList}; WIPE_WRITE_PERM_OF_BROKER (205), ADD_WRITE_PERM_OF_BROKER (327),
 * DELETE_TOPIC_IN_NAMESRV (216), REGISTER_TOPIC_IN_NAMESRV (217).
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { list, object, optional as optionalMember, text } from './json-shape.ts'
import { QueueData } from './topic-route.ts'

/** Java: TopicList. */
export const TopicList = object({
  /** Only with system topics: the address of some broker. */
  brokerAddr: optionalMember(text),
  topicList: list(text),
})
export type TopicList = ShapeOf<typeof TopicList>

/** Java: GetTopicsByClusterRequestHeader. */
export const GetTopicsByClusterRequestHeader = { cluster: required('string') } as const
export type GetTopicsByClusterRequestHeader = HeaderOf<typeof GetTopicsByClusterRequestHeader>

/** Java: WipeWritePermOfBrokerRequestHeader, AddWritePermOfBrokerRequestHeader. */
export const WritePermOfBrokerRequestHeader = { brokerName: required('string') } as const
export type WritePermOfBrokerRequestHeader = HeaderOf<typeof WritePermOfBrokerRequestHeader>

/** Java: WipeWritePermOfBrokerResponseHeader. */
export const WipeWritePermOfBrokerResponseHeader = { wipeTopicCount: required('int32') } as const
export type WipeWritePermOfBrokerResponseHeader = HeaderOf<
  typeof WipeWritePermOfBrokerResponseHeader
>

/** Java: AddWritePermOfBrokerResponseHeader. */
export const AddWritePermOfBrokerResponseHeader = { addTopicCount: required('int32') } as const
export type AddWritePermOfBrokerResponseHeader = HeaderOf<typeof AddWritePermOfBrokerResponseHeader>

/** Java: DeleteTopicFromNamesrvRequestHeader. */
export const DeleteTopicFromNamesrvRequestHeader = {
  topic: required('string'),
  clusterName: optional('string'),
} as const
export type DeleteTopicFromNamesrvRequestHeader = HeaderOf<
  typeof DeleteTopicFromNamesrvRequestHeader
>

/** Java: RegisterTopicRequestHeader. The body is a {@link RegisterTopicBody}. */
export const RegisterTopicRequestHeader = { topic: required('string') } as const
export type RegisterTopicRequestHeader = HeaderOf<typeof RegisterTopicRequestHeader>

/** The body of code 217: a route of which only the queues count (Java: TopicRouteData). */
export const RegisterTopicBody = object({ queueDatas: list(QueueData) })
export type RegisterTopicBody = ShapeOf<typeof RegisterTopicBody>
