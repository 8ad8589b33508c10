/**
 * PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361). The body of a response with code SUCCESS is raw
 * commit-log records; the codes SUCCESS, PULL_NOT_FOUND, PULL_RETRY_IMMEDIATELY and
 * PULL_OFFSET_MOVED all carry the response header.
 */

import type { HeaderOf } from './header-table.ts'
import { optional, required } from './header-table.ts'

/** Java: PullMessageRequestHeader. */
export const PullMessageRequestHeader = {
  consumerGroup: required('string'),
  topic: required('string'),
  queueId: required('int32'),
  queueOffset: required('int64'),
  maxMsgNums: required('int32'),
  /** Bits of {@link PULL_SYS_FLAG}. */
  sysFlag: required('int32'),
  commitOffset: required('int64'),
  suspendTimeoutMillis: required('int64'),
  subscription: optional('string'),
  subVersion: required('int64'),
  expressionType: optional('string'),
  maxMsgBytes: optional('int32'),
  requestSource: optional('int32'),
  /** Java's own spelling. */
  proxyFrowardClientId: optional('string'),
  liteTopic: optional('string'),
  bname: optional('string'),
} as const
export type PullMessageRequestHeader = HeaderOf<typeof PullMessageRequestHeader>

/** Java: PullMessageResponseHeader. */
export const PullMessageResponseHeader = {
  /** 0 is the master. */
  suggestWhichBrokerId: required('int64'),
  nextBeginOffset: required('int64'),
  minOffset: required('int64'),
  maxOffset: required('int64'),
  offsetDelta: optional('int64'),
  topicSysFlag: optional('int32'),
  groupSysFlag: optional('int32'),
  forbiddenType: optional('int32'),
} as const
export type PullMessageResponseHeader = HeaderOf<typeof PullMessageResponseHeader>

/** Bits of a pull's sysFlag (Java: PullSysFlag). */
export const PULL_SYS_FLAG = Object.freeze({
  /** `commitOffset` is to be stored. */
  COMMIT_OFFSET: 1 << 0,
  /** The broker may wait for messages. */
  SUSPEND: 1 << 1,
  /** `subscription` is to be used instead of the group's. */
  SUBSCRIPTION: 1 << 2,
  CLASS_FILTER: 1 << 3,
  LITE_PULL: 1 << 4,
} as const)
