import { describeError } from '../../engine/base/errors.ts'
import type { ConsumeMessageDirectlyResult } from '../protocol/consumer-running-info.ts'
import type { ListenerCalls, ListenerOutcome } from './listener-calls.ts'
import { decodeRecords } from './pulled-messages.ts'

/** A message that an administrator gives to one consumer. */
export interface DirectMessage {
  readonly record: Buffer
  readonly brokerName: string
  readonly isOrderly: boolean
}

/** Java: CMResult. */
const RESULTS: Readonly<Record<ListenerOutcome['kind'], string>> = {
  success: 'CR_SUCCESS',
  later: 'CR_LATER',
  commit: 'CR_COMMIT',
  rollback: 'CR_ROLLBACK',
  nothing: 'CR_RETURN_NULL',
  failed: 'CR_THROW_EXCEPTION',
  unreadable: 'CR_THROW_EXCEPTION',
}

/**
 * Calls the listener with a message that nobody pulled: offsets stay as they are, and a message
 * that fails does not come back. RocketMQ: `ConsumeMessageService.consumeMessageDirectly`.
 * @throws {StoreError} `STORE_RECORD_CORRUPT`
 */
export async function consumeDirectly(
  calls: ListenerCalls,
  { brokerName, isOrderly, record }: DirectMessage,
): Promise<ConsumeMessageDirectlyResult | undefined> {
  const [pulled] = await decodeRecords(record, brokerName)
  if (pulled === undefined) return undefined
  const startedMs = performance.now()
  const context = calls.contextOf(pulled.message.queue)
  const outcome = await calls.callDirectly([pulled], context)
  return {
    autoCommit: context.autoCommit,
    consumeResult: RESULTS[outcome.kind],
    order: isOrderly,
    remark: 'error' in outcome ? describeError(outcome.error) : undefined,
    spentTimeMills: Math.round(performance.now() - startedMs),
  }
}
