/** What a consumer wants of a topic. RocketMQ: `FilterAPI`, `PullAPIWrapper.processPullResult`. */

import { javaHash } from '../../engine/format/java-hash.ts'
import { FilterError } from '../filter/filter-error.ts'
import { SqlFilter } from '../filter/sql-filter.ts'
import {
  EXPRESSION_TYPE_SQL92,
  EXPRESSION_TYPE_TAG,
  type SubscriptionData,
} from '../protocol/heartbeat.ts'
import { ClientError } from './client-error.ts'
import { checkTopic } from './resource-name.ts'

/**
 * Which messages of a topic are wanted: all (`'*'`), those with one of some tags (`'a || b'`), or
 * those whose properties meet a condition in RocketMQ's SQL92, which the broker evaluates
 * (`{ sql: "region = 'north' AND amount BETWEEN 3 AND 5" }`). Java's brokers do so only with
 * `enablePropertyFilter=true`.
 *
 * Properties are texts. Beside a number they count as numbers of its kind: `amount > 3` takes none
 * but whole numbers of 32 bits, `amount > 3.5` takes all. A message without the property, or whose
 * property is no such number, does not match.
 */
export type Filter = string | { readonly sql: string }

const ALL = '*'
const TAG_SEPARATOR = '||'

/**
 * The subscription that brokers are told of; `version` grows with every change of a subscription.
 * @throws {ClientError} `CLIENT_SUBSCRIPTION_INVALID`
 */
export function subscriptionOf(topic: string, filter: Filter, version: number): SubscriptionData {
  checkTopic(topic, 'CLIENT_SUBSCRIPTION_INVALID')
  const base = { classFilterMode: false, subVersion: version, topic }
  if (typeof filter !== 'string') {
    checkCondition(topic, filter.sql)
    const expressionType = EXPRESSION_TYPE_SQL92
    return { ...base, codeSet: [], expressionType, subString: filter.sql, tagsSet: [] }
  }
  const tags = tagsIn(topic, filter)
  return {
    ...base,
    codeSet: tags.map((tag) => javaHash(tag)),
    expressionType: EXPRESSION_TYPE_TAG,
    subString: tags.length === 0 ? ALL : filter,
    tagsSet: tags,
  }
}

/**
 * Whether a message with these tags is wanted. Brokers compare hash codes only, so what they send
 * may have another tag with the same hash.
 */
export function wants(subscription: SubscriptionData, tags: string | undefined): boolean {
  const { tagsSet } = subscription
  return tagsSet.length === 0 || (tags !== undefined && tagsSet.includes(tags))
}

function tagsIn(topic: string, expression: string): string[] {
  if (expression === '' || expression === ALL) return []
  const tags = expression
    .split(TAG_SEPARATOR)
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '')
  if (tags.length === 0) throw invalid(topic, `"${expression}" names no tag`)
  return [...new Set(tags)]
}

/** Brokers check it as well, but not that they make use of all of it. */
function checkCondition(topic: string, sql: string): void {
  try {
    const { ignoredColumn } = new SqlFilter(sql)
    if (ignoredColumn === undefined) return
    throw invalid(topic, `its condition ends before column ${ignoredColumn}`)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw invalid(topic, `in its condition ${error.message}`)
  }
}

function invalid(topic: string, why: string): ClientError {
  return new ClientError('CLIENT_SUBSCRIPTION_INVALID', `subscription to ${topic}: ${why}`)
}
