/** `config/consumerFilter.json`, as RocketMQ writes it (ConsumerFilterManager). */
import type { ShapeOf } from '../../protocol/json-shape.ts'
import {
  boolean,
  int32,
  int64,
  list,
  object,
  optional,
  text,
  textMap,
  withDefault,
} from '../../protocol/json-shape.ts'

/** Java: BloomFilterData. */
const BloomFilterData = object({ bitNum: int32, bitPos: list(int32) })

/** Java: ConsumerFilterData. */
export const ConsumerFilterData = object({
  bloomFilterData: optional(BloomFilterData),
  /** When this expression was first heard of, in ms of the epoch. */
  bornTime: int64,
  /** The subscription's version. */
  clientVersion: int64,
  consumerGroup: text,
  /** Nobody of the group is connected; derived from the two times, and not read. */
  dead: withDefault(boolean, false),
  /** Since when nobody of the group is connected, in ms of the epoch; 0 while somebody is. */
  deadTime: int64,
  expression: withDefault(text, ''),
  expressionType: withDefault(text, ''),
  topic: text,
})
export type ConsumerFilterData = ShapeOf<typeof ConsumerFilterData>

/** Java: ConsumerFilterManager, FilterDataMapByTopic. */
export const ConsumerFilterTable = object({
  /** By topic, then by group. */
  filterDataByTopic: textMap(
    object({ groupFilterData: textMap(ConsumerFilterData), topic: withDefault(text, '') }),
  ),
})
export type ConsumerFilterTable = ShapeOf<typeof ConsumerFilterTable>
