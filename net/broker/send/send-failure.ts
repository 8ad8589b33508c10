import { describeError, StoreError } from '../../../engine/base/errors.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'

/** What a sender is told of an append that left nothing in the log. */
export function outcomeError(outcome: AppendOutcome, store: ThreadedStore): Error {
  const { log } = store
  switch (outcome) {
    case AppendOutcome.MESSAGE_TOO_LARGE:
      return illegal(`message body is longer than ${log.messageBytesMax} bytes (maxMessageSize)`)
    case AppendOutcome.TOPIC_TOO_LONG:
      return illegal('message topic length too long')
    case AppendOutcome.PROPERTIES_TOO_LONG:
      return illegal('message properties are longer than 32767 bytes')
    case AppendOutcome.SEGMENT_TOO_SMALL: {
      const { segmentBytes } = log.segments
      const limit = `a segment of ${segmentBytes} bytes (mappedFileSizeCommitLog)`
      return illegal(`the message, or what a batch has in all, does not fit into ${limit}`)
    }
    default:
      return log.obstacle ?? new StoreError('STORE_NOT_READY', 'the log cannot be written now')
  }
}

/** Response code and remark for whatever stopped a send. */
export function storeFailure(error: unknown): { responseCode: number; message: string } {
  if (error instanceof StoreError) {
    const message = `service not available now: ${describeError(error)} (${error.code})`
    return { responseCode: ResponseCode.SERVICE_NOT_AVAILABLE, message }
  }
  const code = error instanceof Error && 'responseCode' in error ? error.responseCode : undefined
  const responseCode = typeof code === 'number' ? code : ResponseCode.SYSTEM_ERROR
  return { responseCode, message: describeError(error) }
}

function illegal(remark: string): BrokerError {
  return new BrokerError(ResponseCode.MESSAGE_ILLEGAL, `the message is illegal: ${remark}`)
}

/** What a sender is told whose message asks for a feature that is not built yet. */
export function unsupportedRemark(feature: string): string {
  return `this broker does not support ${feature} yet: the message was not stored`
}
