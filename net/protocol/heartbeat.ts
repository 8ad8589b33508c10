/** HEART_BEAT (34), UNREGISTER_CLIENT (35), CHECK_CLIENT_CONFIG (46). */

import type { HeaderOf } from './header-table.ts'
import { withDefault as headerDefault, optional, required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  int32,
  int64,
  list,
  object,
  optional as optionalMember,
  text,
  withDefault,
} from './json-shape.ts'

/** The expression type of tag filters, and what a missing one means (Java: ExpressionType). */
export const EXPRESSION_TYPE_TAG = 'TAG'
export const EXPRESSION_TYPE_SQL92 = 'SQL92'

/** Java: SubscriptionData. */
export const SubscriptionData = object({
  classFilterMode: boolean,
  /** Java hash codes of the tags. */
  codeSet: list(int32),
  expressionType: withDefault(text, EXPRESSION_TYPE_TAG),
  subString: withDefault(text, ''),
  /** Version of the subscription: its time in milliseconds. */
  subVersion: int64,
  tagsSet: list(text),
  topic: text,
})
export type SubscriptionData = ShapeOf<typeof SubscriptionData>

/** Java: ConsumerData. */
export const ConsumerData = object({
  /** CONSUME_FROM_LAST_OFFSET, CONSUME_FROM_FIRST_OFFSET or CONSUME_FROM_TIMESTAMP. */
  consumeFromWhere: withDefault(text, 'CONSUME_FROM_LAST_OFFSET'),
  /** CONSUME_PASSIVELY (push), CONSUME_ACTIVELY (pull) or CONSUME_POP. */
  consumeType: withDefault(text, 'CONSUME_PASSIVELY'),
  groupName: text,
  /** CLUSTERING or BROADCASTING. */
  messageModel: withDefault(text, 'CLUSTERING'),
  subscriptionDataSet: list(SubscriptionData),
  unitMode: boolean,
})
export type ConsumerData = ShapeOf<typeof ConsumerData>

/** Java: ProducerData. */
export const ProducerData = object({ groupName: text })
export type ProducerData = ShapeOf<typeof ProducerData>

/** The body of code 34 (Java: HeartbeatData). */
export const HeartbeatData = object({
  clientID: text,
  consumerDataSet: list(ConsumerData),
  /** Heartbeat v2: hash of the subscriptions; 0 is version 1. */
  heartbeatFingerprint: int32,
  producerDataSet: list(ProducerData),
  /** Heartbeat v2: the subscriptions are as in the last full heartbeat and left out. */
  withoutSub: boolean,
})
export type HeartbeatData = ShapeOf<typeof HeartbeatData>

/** Ext fields of the answer to a heartbeat (Java: MixAll). */
export const HeartbeatResponseHeader = {
  IS_SUPPORT_HEART_BEAT_V2: headerDefault('boolean', false),
  IS_SUB_CHANGE: headerDefault('boolean', false),
} as const
export type HeartbeatResponseHeader = HeaderOf<typeof HeartbeatResponseHeader>

/** Java: UnregisterClientRequestHeader. */
export const UnregisterClientRequestHeader = {
  clientID: required('string'),
  producerGroup: optional('string'),
  consumerGroup: optional('string'),
} as const
export type UnregisterClientRequestHeader = HeaderOf<typeof UnregisterClientRequestHeader>

/** The body of code 46 (Java: CheckClientRequestBody). */
export const CheckClientRequestBody = object({
  clientId: withDefault(text, ''),
  group: withDefault(text, ''),
  namespace: optionalMember(text),
  subscriptionData: SubscriptionData,
})
export type CheckClientRequestBody = ShapeOf<typeof CheckClientRequestBody>
