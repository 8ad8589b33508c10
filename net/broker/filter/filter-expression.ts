/** From a filter's expression to what pulls use, and why there is none (FilterAPI, SqlFilter). */
import { tagsCodeOf } from '../../../engine/format/consume-queue-format.ts'
import { type MessageFilter, TagsFilter } from '../../../engine/store/message-filter.ts'
import { FilterError } from '../../filter/filter-error.ts'
import { SqlFilter } from '../../filter/sql-filter.ts'
import {
  EXPRESSION_TYPE_SQL92,
  EXPRESSION_TYPE_TAG,
  type SubscriptionData,
} from '../../protocol/heartbeat.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'
import { PropertyFilter } from './property-filter.ts'

const ALL = '*'
const TAG_SEPARATOR = '||'
/** An expression may be as long as a request; an answer and a line of the log may not. */
const QUOTED_CHARACTERS_MAX = 200

/** Whether a type means tags, which is also what none means (Java: ExpressionType.isTagType). */
export function isTagType(expressionType: string): boolean {
  return expressionType === '' || expressionType === EXPRESSION_TYPE_TAG
}

/** The filter for some tags; undefined takes every message.
 *  @throws {BrokerError} SUBSCRIPTION_PARSE_FAILED when there is no tag */
export function tagFilter(expression: string): MessageFilter | undefined {
  if (expression === '' || expression === ALL) return undefined
  const tags = expression.split(TAG_SEPARATOR).map((tag) => tag.trim())
  const codes = tags.filter((tag) => tag !== '').map(tagsCodeOf)
  if (codes.length > 0) return new TagsFilter(codes)
  throw parseFailed(`${expression} names no tag`)
}

/** The filter for the tags of a heartbeat's subscription; undefined takes every message. */
export function tagFilterOf(subscription: SubscriptionData): MessageFilter | undefined {
  const { classFilterMode, codeSet, subString } = subscription
  if (classFilterMode || subString === ALL || subString === '') return undefined
  return new TagsFilter(codeSet)
}

/**
 * An expression that is not of tags, compiled.
 * @throws {BrokerError} SUBSCRIPTION_PARSE_FAILED with the reason and its column
 */
export function compileExpression(expressionType: string, expression: string): SqlFilter {
  if (expressionType !== EXPRESSION_TYPE_SQL92) {
    const types = `${EXPRESSION_TYPE_TAG} and ${EXPRESSION_TYPE_SQL92}`
    throw parseFailed(`there is no type ${expressionType}, only ${types}`)
  }
  try {
    return new SqlFilter(expression)
  } catch (error) {
    if (!(error instanceof FilterError)) throw error
    throw parseFailed(`${error.message} of ${quoted(expression)}`)
  }
}

/** The filter for an expression that is not of tags, see {@link compileExpression}. */
export function propertyFilter(expressionType: string, expression: string): MessageFilter {
  return new PropertyFilter(compileExpression(expressionType, expression))
}

/**
 * Refuses what is not of tags where the broker does not do it.
 * @throws {BrokerError} SYSTEM_ERROR, as RocketMQ without `enablePropertyFilter`
 */
export function checkEnabled(expressionType: string, isEnabled: boolean): void {
  if (isEnabled || isTagType(expressionType)) return
  const remark = `The broker does not support consumer to filter message by ${expressionType}`
  throw new BrokerError(ResponseCode.SYSTEM_ERROR, `${remark}: enablePropertyFilter is false`)
}

function parseFailed(why: string): BrokerError {
  const remark = `parse the consumer's subscription failed: ${why}`
  return new BrokerError(ResponseCode.SUBSCRIPTION_PARSE_FAILED, remark)
}

function quoted(expression: string): string {
  const isLong = expression.length > QUOTED_CHARACTERS_MAX
  return JSON.stringify(isLong ? `${expression.slice(0, QUOTED_CHARACTERS_MAX)}…` : expression)
}
