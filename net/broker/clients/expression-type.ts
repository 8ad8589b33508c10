import { EXPRESSION_TYPE_TAG } from '../../protocol/heartbeat.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'

/**
 * Accepts filters by tag, which is also what no type means (Java: ExpressionType.isTagType).
 * @throws {BrokerError} SYSTEM_ERROR for any other, as RocketMQ without `enablePropertyFilter`
 */
export function checkExpressionType(expressionType: string): void {
  if (expressionType === '' || expressionType === EXPRESSION_TYPE_TAG) return
  throw new BrokerError(
    ResponseCode.SYSTEM_ERROR,
    `The broker does not support consumer to filter message by ${expressionType}: ` +
      'filters by properties are not supported yet',
  )
}
