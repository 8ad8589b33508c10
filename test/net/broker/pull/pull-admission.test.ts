/** Which pulls are told that the broker knows an older filter than the consumer asks for. */
import { expect, test } from 'vitest'
import type { ConsumerFilters } from '../../../../net/broker/filter/consumer-filters.ts'
import type { BrokerConfig } from '../../../../net/broker/options/broker-options.ts'
import {
  PullAdmission,
  type PullAdmissionParts,
} from '../../../../net/broker/pull/pull-admission.ts'
import type { TopicConfigs } from '../../../../net/broker/topics/topic-configs.ts'
import type { SubscriptionData } from '../../../../net/protocol/heartbeat.ts'
import { PullRequestView } from '../../../../net/protocol/pull-message-scanner.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'

const SUBSCRIPTION: SubscriptionData = {
  classFilterMode: false,
  topic: 'T',
  subString: 'a > 1',
  tagsSet: [],
  codeSet: [],
  subVersion: 2,
  expressionType: 'SQL92',
}

const GROUPS = {
  get: () => undefined,
  mayRead: () => true,
} as unknown as PullAdmissionParts['groups']

/** What a group's pull of a version meets where the filter that is kept has another. */
function pulled(subVersion: number, filterVersion: number): unknown {
  const filter = { matchesTagsCode: () => true }
  const admission = new PullAdmission({
    config: { enablePropertyFilter: true } as BrokerConfig,
    topics: {} as TopicConfigs,
    groups: GROUPS,
    clients: { consumerGroup: () => undefined, subscriptionOf: () => SUBSCRIPTION },
    filters: {
      get: () => ({ data: { clientVersion: filterVersion }, filter }),
    } as unknown as ConsumerFilters,
  })
  const view = new PullRequestView()
  view.subVersion = subVersion
  try {
    return admission.filter(view, 'readers', 'T') === filter
  } catch (error) {
    return (error as { responseCode?: number }).responseCode
  }
}

test.each([
  [2, 2, true],
  [1, 2, true],
  [2, 1, ResponseCode.FILTER_DATA_NOT_LATEST],
  [3, 3, ResponseCode.SUBSCRIPTION_NOT_LATEST],
])('a pull of version %i beside a filter of version %i: %s', (subVersion, version, expected) => {
  expect(pulled(subVersion, version)).toBe(expected)
})
