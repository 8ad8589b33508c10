/**
 * From a consumer's subscription to the filter that its pulls use (FilterAPI,
 * ExpressionMessageFilter).
 */
import { tagsCodeOf } from '../../../engine/format/consume-queue-format.ts'
import { type MessageFilter, TagsFilter } from '../../../engine/store/message-filter.ts'
import type { SubscriptionData } from '../../protocol/heartbeat.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'
import { checkExpressionType } from '../clients/expression-type.ts'

const ALL = '*'
const TAG_SEPARATOR = '||'

/**
 * The filter for an expression; undefined takes every message.
 * @throws {BrokerError} SYSTEM_ERROR for an expression type that this broker does not evaluate.
 */
export function filterOfExpression(
  expression: string,
  expressionType: string,
): MessageFilter | undefined {
  checkExpressionType(expressionType)
  if (expression === '' || expression === ALL) return undefined
  const tags = expression.split(TAG_SEPARATOR).map((tag) => tag.trim())
  const codes = tags.filter((tag) => tag !== '').map(tagsCodeOf)
  if (codes.length > 0) return new TagsFilter(codes)
  throw new BrokerError(
    ResponseCode.SUBSCRIPTION_PARSE_FAILED,
    `parse the consumer's subscription failed: ${expression} names no tag`,
  )
}

/** The filter for a subscription that came with a heartbeat; undefined takes every message. */
export function filterOfSubscription(subscription: SubscriptionData): MessageFilter | undefined {
  checkExpressionType(subscription.expressionType)
  if (subscription.classFilterMode) return undefined
  if (subscription.subString === ALL || subscription.subString === '') return undefined
  return new TagsFilter(subscription.codeSet)
}
