/** The attributes that a group may have (SubscriptionGroupAttributes). */
import {
  type AttributeRules,
  flagAttribute,
  numberAttribute,
  textAttribute,
  wordAttribute,
} from '../attributes.ts'

const NONE = -1n
const INT64_MAX = 2n ** 63n - 1n
const PRIORITY_FACTOR_MAX = 100n
const LITE_EVENT_COUNT_MIN = 10n

export const GROUP_ATTRIBUTES: AttributeRules = new Map([
  ['priority.factor', numberAttribute(0n, PRIORITY_FACTOR_MAX)],
  ['lite.bind.topic', textAttribute],
  ['lite.sub.model', wordAttribute(['Shared', 'Exclusive'])],
  ['lite.sub.reset.offset.exclusive', flagAttribute],
  ['lite.sub.reset.offset.unsubscribe', flagAttribute],
  ['lite.sub.client.quota', numberAttribute(NONE, INT64_MAX)],
  ['lite.sub.client.max.event.cnt', numberAttribute(LITE_EVENT_COUNT_MIN, INT64_MAX)],
  ['lite.sub.wildcard', textAttribute],
])
