/** VIEW_BROKER_STATS_DATA (315): one counter of a broker over a minute, an hour and a day. */

import type { HeaderOf } from './header-table.ts'
import { required } from './header-table.ts'
import type { ShapeOf } from './json-shape.ts'
import { double, int64, object } from './json-shape.ts'

/** Java: ViewBrokerStatsDataRequestHeader. */
export const ViewBrokerStatsDataRequestHeader = {
  /** A name of BrokerStatsManager, such as TOPIC_PUT_NUMS. */
  statsName: required('string'),
  statsKey: required('string'),
} as const
export type ViewBrokerStatsDataRequestHeader = HeaderOf<typeof ViewBrokerStatsDataRequestHeader>

/** Java: BrokerStatsItem. */
export const BrokerStatsItem = object({
  /** Growth an operation. */
  avgpt: double,
  sum: int64,
  /** Growth a second. */
  tps: double,
})
export type BrokerStatsItem = ShapeOf<typeof BrokerStatsItem>

/** The body of the response (Java: BrokerStatsData). */
export const BrokerStatsData = object({
  statsDay: BrokerStatsItem,
  statsHour: BrokerStatsItem,
  statsMinute: BrokerStatsItem,
})
export type BrokerStatsData = ShapeOf<typeof BrokerStatsData>
