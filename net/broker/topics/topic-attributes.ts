/** The attributes that a topic may have (TopicAttributes), and those that ask for too much. */
import type { AttributeChange } from '../../protocol/attribute-changes.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { type AttributeRules, numberAttribute, wordAttribute } from '../attributes.ts'
import { BrokerError } from '../broker-error.ts'
import type { BrokerConfig } from '../options/broker-options.ts'

const NONE = -1n
const INT64_MAX = 2n ** 63n - 1n
const LITE_EXPIRATION_MINUTES_MAX = 30n
const QUEUE_TYPE = 'queue.type'
const CLEANUP_POLICY = 'cleanup.policy'
const MESSAGE_TYPE = 'message.type'
const RESERVE_TIME = 'reserve.time'

/** Values of `message.type` (TopicMessageType). */
const MESSAGE_TYPES = [
  'UNSPECIFIED',
  'NORMAL',
  'FIFO',
  'DELAY',
  'TRANSACTION',
  'PRIORITY',
  'LITE',
  'MIXED',
]

export const TOPIC_ATTRIBUTES: AttributeRules = new Map([
  [QUEUE_TYPE, wordAttribute(['SimpleCQ', 'BatchCQ'], false)],
  [CLEANUP_POLICY, wordAttribute(['DELETE', 'COMPACTION'], false)],
  [MESSAGE_TYPE, wordAttribute(MESSAGE_TYPES)],
  [RESERVE_TIME, numberAttribute(NONE, INT64_MAX)],
  ['lite.topic.expiration', numberAttribute(NONE, LITE_EXPIRATION_MINUTES_MAX)],
])

/** What a value asks for, where that is not there: Java refuses the last two by default as well. */
const UNSUPPORTED: ReadonlyMap<string, string> = new Map([
  [`${QUEUE_TYPE}=BatchCQ`, 'queue.type BatchCQ is not supported yet'],
  [`${CLEANUP_POLICY}=COMPACTION`, 'cleanup.policy COMPACTION is not supported yet'],
  [`${MESSAGE_TYPE}=LITE`, 'message.type LITE is not supported yet'],
])
const MIXED = `${MESSAGE_TYPE}=MIXED`

/**
 * What a topic's `message.type` says is checked by RocketMQ's proxy, when messages are sent through
 * it; a broker takes messages of every type for every topic, and so does this one.
 * @param config a topic of messages of all types must be allowed by `enableMixedMessageType`
 * @throws {BrokerError} INVALID_PARAMETER naming what is not there.
 */
export function checkTopicFeatures(
  changes: readonly AttributeChange[],
  config: Pick<BrokerConfig, 'enableMixedMessageType'>,
): void {
  for (const { name, value } of changes) {
    const asked = `${name}=${value}`
    const isReserved = name === RESERVE_TIME && value !== undefined
    const isMixed = asked === MIXED && !config.enableMixedMessageType
    const remark = isReserved
      ? 'Update topic reserveTime not supported'
      : isMixed
        ? 'MIXED message type is not supported.'
        : UNSUPPORTED.get(asked)
    if (remark !== undefined) throw new BrokerError(ResponseCode.INVALID_PARAMETER, remark)
  }
}
