/** NOTIFY_MIN_BROKER_ID_CHANGE (905): a name server tells the brokers of a group, one-way. */

import type { HeaderOf } from './header-table.ts'
import { optional } from './header-table.ts'

/** Java: NotifyMinBrokerIdChangeRequestHeader. */
export const NotifyMinBrokerIdChangeRequestHeader = {
  minBrokerId: optional('int64'),
  brokerName: optional('string'),
  minBrokerAddr: optional('string'),
  /** The broker that went, when that is the cause. */
  offlineBrokerAddr: optional('string'),
  /** Where slaves replicate from, when a new lowest broker is the cause. */
  haBrokerAddr: optional('string'),
} as const
export type NotifyMinBrokerIdChangeRequestHeader = HeaderOf<
  typeof NotifyMinBrokerIdChangeRequestHeader
>
