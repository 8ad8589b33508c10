/**
 * UPDATE_AND_CREATE_TOPIC (17), UPDATE_AND_CREATE_TOPIC_LIST (18), GET_ALL_TOPIC_CONFIG (21),
 * DELETE_TOPIC_IN_BROKER (215), GET_TOPIC_CONFIG (351).
 */
import { DataVersion } from './data-version.ts'
import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  withDefault as defaultMember,
  int32,
  list,
  object,
  optional as optionalMember,
  text,
  textMap,
} from './json-shape.ts'

/** Queues of a topic whose configuration does not say (Java: TopicConfig). */
const QUEUE_COUNT_DEFAULT = 16
const PERMISSION_DEFAULT = 6

/** Java: TopicConfig. */
export const TopicConfig = object({
  attributes: textMap(text),
  order: boolean,
  /** Bits of `PERMISSION` in topic-route.ts. */
  perm: defaultMember(int32, PERMISSION_DEFAULT),
  readQueueNums: defaultMember(int32, QUEUE_COUNT_DEFAULT),
  /** SINGLE_TAG or MULTI_TAG. */
  topicFilterType: defaultMember(text, 'SINGLE_TAG'),
  topicName: text,
  topicSysFlag: int32,
  writeQueueNums: defaultMember(int32, QUEUE_COUNT_DEFAULT),
})
export type TopicConfig = ShapeOf<typeof TopicConfig>

/** The body of code 21's response, and `config/topics.json` (Java: TopicConfigSerializeWrapper). */
export const TopicConfigTable = object({
  dataVersion: optionalMember(DataVersion),
  topicConfigTable: textMap(TopicConfig),
})
export type TopicConfigTable = ShapeOf<typeof TopicConfigTable>

/** Java: CreateTopicRequestHeader. */
export const CreateTopicRequestHeader = {
  topic: required('string'),
  defaultTopic: required('string'),
  readQueueNums: required('int32'),
  writeQueueNums: required('int32'),
  perm: required('int32'),
  topicFilterType: required('string'),
  topicSysFlag: optional('int32'),
  order: withDefault('boolean', false),
  /** Changes as `+name=value,-name`, see {@link parseAttributeChanges}. */
  attributes: optional('string'),
  force: withDefault('boolean', false),
} as const
export type CreateTopicRequestHeader = HeaderOf<typeof CreateTopicRequestHeader>

/** The body of code 18 (Java: CreateTopicListRequestBody). */
export const CreateTopicListRequestBody = object({ topicConfigList: list(TopicConfig) })
export type CreateTopicListRequestBody = ShapeOf<typeof CreateTopicListRequestBody>

/** Pages of code 21: all topics when nothing is said (Java: GetAllTopicConfigRequestHeader). */
export const GetAllTopicConfigRequestHeader = {
  topicSeq: withDefault('int32', 0),
  /** JSON of the version that the earlier pages had. */
  dataVersion: optional('string'),
  maxTopicNum: optional('int32'),
} as const
export type GetAllTopicConfigRequestHeader = HeaderOf<typeof GetAllTopicConfigRequestHeader>

/** Java: GetAllTopicConfigResponseHeader. */
export const GetAllTopicConfigResponseHeader = { totalTopicNum: optional('int32') } as const
export type GetAllTopicConfigResponseHeader = HeaderOf<typeof GetAllTopicConfigResponseHeader>

/** Java: DeleteTopicRequestHeader. */
export const DeleteTopicRequestHeader = { topic: required('string') } as const
export type DeleteTopicRequestHeader = HeaderOf<typeof DeleteTopicRequestHeader>

/** Java: GetTopicConfigRequestHeader. The response's body is a {@link TopicConfig}. */
export const GetTopicConfigRequestHeader = { topic: required('string') } as const
export type GetTopicConfigRequestHeader = HeaderOf<typeof GetTopicConfigRequestHeader>
