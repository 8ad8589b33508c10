/**
 * UPDATE_AND_CREATE_SUBSCRIPTIONGROUP (200), GET_ALL_SUBSCRIPTIONGROUP_CONFIG (201),
 * DELETE_SUBSCRIPTIONGROUP (207), UPDATE_AND_CREATE_SUBSCRIPTIONGROUP_LIST (225),
 * GET_SUBSCRIPTIONGROUP_CONFIG (352). The body of 200 and of 352's response is one
 * {@link SubscriptionGroupConfig}.
 */
import { DataVersion } from './data-version.ts'
import type { HeaderOf } from './header-table.ts'
import { optional, required, withDefault } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import {
  boolean,
  withDefault as defaultMember,
  int32,
  int64,
  list,
  object,
  optional as optionalMember,
  text,
  textMap,
} from './json-shape.ts'

const RETRY_TIMES_DEFAULT = 16
const CONSUME_TIMEOUT_MINUTES_DEFAULT = 15
const SLOW_CONSUME_BROKER_ID_DEFAULT = 1

const ExponentialRetryPolicy = object({ initial: int64, max: int64, multiplier: int64 })
const CustomizedRetryPolicy = object({ next: list(int64) })

/** Delays between deliveries, in milliseconds (Java: GroupRetryPolicy). */
export const GroupRetryPolicy = object({
  customizedRetryPolicy: optionalMember(CustomizedRetryPolicy),
  exponentialRetryPolicy: optionalMember(ExponentialRetryPolicy),
  /** CUSTOMIZED or EXPONENTIAL. */
  type: defaultMember(text, 'CUSTOMIZED'),
})
export type GroupRetryPolicy = ShapeOf<typeof GroupRetryPolicy>

/** Java: SimpleSubscriptionData. */
export const SimpleSubscriptionData = object({
  expression: optionalMember(text),
  expressionType: optionalMember(text),
  topic: text,
  version: int64,
})
export type SimpleSubscriptionData = ShapeOf<typeof SimpleSubscriptionData>

/** Java: SubscriptionGroupConfig. */
export const SubscriptionGroupConfig = object({
  attributes: textMap(text),
  brokerId: int64,
  consumeBroadcastEnable: defaultMember(boolean, true),
  consumeEnable: defaultMember(boolean, true),
  consumeFromMinEnable: defaultMember(boolean, true),
  consumeMessageOrderly: boolean,
  /** In minutes. */
  consumeTimeoutMinute: defaultMember(int32, CONSUME_TIMEOUT_MINUTES_DEFAULT),
  groupName: text,
  groupRetryPolicy: defaultMember(GroupRetryPolicy, {
    customizedRetryPolicy: undefined,
    exponentialRetryPolicy: undefined,
    type: 'CUSTOMIZED',
  }),
  groupSysFlag: int32,
  notifyConsumerIdsChangedEnable: defaultMember(boolean, true),
  retryMaxTimes: defaultMember(int32, RETRY_TIMES_DEFAULT),
  retryQueueNums: defaultMember(int32, 1),
  subscriptionDataSet: optionalMember(list(SimpleSubscriptionData)),
  whichBrokerWhenConsumeSlowly: defaultMember(int64, SLOW_CONSUME_BROKER_ID_DEFAULT),
})
export type SubscriptionGroupConfig = ShapeOf<typeof SubscriptionGroupConfig>

/** A group with Java's defaults. */
export function defaultSubscriptionGroup(groupName: string): SubscriptionGroupConfig {
  return SubscriptionGroupConfig.read({ groupName }, 'subscriptionGroup')
}

/** The body of code 201's response, and `config/subscriptionGroup.json`
 *  (Java: SubscriptionGroupWrapper). */
export const SubscriptionGroupTable = object({
  dataVersion: optionalMember(DataVersion),
  forbiddenTable: textMap(textMap(int32)),
  subscriptionGroupTable: textMap(SubscriptionGroupConfig),
})
export type SubscriptionGroupTable = ShapeOf<typeof SubscriptionGroupTable>

/** The body of code 225 (Java: SubscriptionGroupList). */
export const SubscriptionGroupList = object({ groupConfigList: list(SubscriptionGroupConfig) })
export type SubscriptionGroupList = ShapeOf<typeof SubscriptionGroupList>

/** Pages of code 201, all groups when nothing is said
 *  (Java: GetAllSubscriptionGroupRequestHeader). */
export const GetAllSubscriptionGroupRequestHeader = {
  groupSeq: withDefault('int32', 0),
  /** JSON of the version that the earlier pages had. */
  dataVersion: optional('string'),
  maxGroupNum: optional('int32'),
} as const
export type GetAllSubscriptionGroupRequestHeader = HeaderOf<
  typeof GetAllSubscriptionGroupRequestHeader
>

/** Java: GetAllSubscriptionGroupResponseHeader. */
export const GetAllSubscriptionGroupResponseHeader = { totalGroupNum: optional('int32') } as const
export type GetAllSubscriptionGroupResponseHeader = HeaderOf<
  typeof GetAllSubscriptionGroupResponseHeader
>

/** Java: DeleteSubscriptionGroupRequestHeader. */
export const DeleteSubscriptionGroupRequestHeader = {
  groupName: required('string'),
  cleanOffset: withDefault('boolean', false),
} as const
export type DeleteSubscriptionGroupRequestHeader = HeaderOf<
  typeof DeleteSubscriptionGroupRequestHeader
>

/** Java: GetSubscriptionGroupConfigRequestHeader. */
export const GetSubscriptionGroupConfigRequestHeader = { group: required('string') } as const
export type GetSubscriptionGroupConfigRequestHeader = HeaderOf<
  typeof GetSubscriptionGroupConfigRequestHeader
>
