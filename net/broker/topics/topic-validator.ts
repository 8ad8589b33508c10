/** What names topics and groups may have, and which are the system's own (TopicValidator). */
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'

export const AUTO_CREATE_TOPIC = 'TBW102'
export const SCHEDULE_TOPIC = 'SCHEDULE_TOPIC_XXXX'
export const BENCHMARK_TOPIC = 'BenchmarkTest'
export const SELF_TEST_TOPIC = 'SELF_TEST_TOPIC'
export const OFFSET_MOVED_TOPIC = 'OFFSET_MOVED_EVENT'
export const TRANSACTION_HALF_TOPIC = 'RMQ_SYS_TRANS_HALF_TOPIC'
export const TRANSACTION_OP_TOPIC = 'RMQ_SYS_TRANS_OP_HALF_TOPIC'
export const ROCKSDB_HALF_TOPIC = 'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC'
export const ROCKSDB_OP_TOPIC = 'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC'
const TRANSACTION_CHECK_TOPIC = 'TRANS_CHECK_MAX_TIME_TOPIC'
const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC'
const CHECKPOINT_TOPIC = 'CHECKPOINT_TOPIC'
export const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'
export const RETRY_PREFIX = '%RETRY%'
export const DEAD_LETTER_PREFIX = '%DLQ%'

const TOPIC_LENGTH_MAX = 127
const RETRY_TOPIC_LENGTH_MAX = 255
const GROUP_LENGTH_MAX = 120
const NAME_PATTERN = /^[%|a-zA-Z0-9_-]+$/

/** Topics of RocketMQ's own that every broker knows by name. */
export const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  AUTO_CREATE_TOPIC,
  SCHEDULE_TOPIC,
  BENCHMARK_TOPIC,
  TRANSACTION_HALF_TOPIC,
  TRACE_TOPIC,
  TRANSACTION_OP_TOPIC,
  TRANSACTION_CHECK_TOPIC,
  SELF_TEST_TOPIC,
  OFFSET_MOVED_TOPIC,
  CHECKPOINT_TOPIC,
  ROCKSDB_HALF_TOPIC,
  ROCKSDB_OP_TOPIC,
])
const NOT_FOR_SENDERS: ReadonlySet<string> = new Set([
  SCHEDULE_TOPIC,
  TRANSACTION_HALF_TOPIC,
  TRANSACTION_OP_TOPIC,
  TRANSACTION_CHECK_TOPIC,
  SELF_TEST_TOPIC,
  OFFSET_MOVED_TOPIC,
  ROCKSDB_HALF_TOPIC,
  ROCKSDB_OP_TOPIC,
])

/** @throws {BrokerError} INVALID_PARAMETER saying what is wrong with the name. */
export function validateTopicName(topic: string): void {
  const flaw = flawOfName('topic', topic) ?? flawOfTopicLength(topic)
  if (flaw !== undefined) throw new BrokerError(ResponseCode.INVALID_PARAMETER, flaw)
}

/** @throws {BrokerError} INVALID_PARAMETER saying what is wrong with the name. */
export function validateGroupName(group: string): void {
  const flaw = flawOfGroupName(group)
  if (flaw !== undefined) throw new BrokerError(ResponseCode.INVALID_PARAMETER, flaw)
}

/** What is wrong with the name, in a sentence; undefined when nothing is. */
export function flawOfGroupName(group: string): string | undefined {
  const flaw = flawOfName('group', group)
  if (flaw !== undefined || group.length <= GROUP_LENGTH_MAX) return flaw
  return `The specified group: ${group}, is longer than group max length: ${GROUP_LENGTH_MAX}`
}

/**
 * Topics that belong to RocketMQ itself on every broker; see also {@link TopicConfigs.isSystem}.
 */
export function isSystemTopic(topic: string): boolean {
  return SYSTEM_TOPICS.has(topic) || topic.startsWith(SYSTEM_TOPIC_PREFIX)
}

export function isNotAllowedSendTopic(topic: string): boolean {
  return NOT_FOR_SENDERS.has(topic)
}

/** The topic where a group's messages wait for another try (MixAll.getRetryTopic). */
export function retryTopicOf(group: string): string {
  return RETRY_PREFIX + group
}

/** The topic of a group's dead letters (MixAll.getDLQTopic). */
export function deadLetterTopicOf(group: string): string {
  return DEAD_LETTER_PREFIX + group
}

/**
 * The group whose retries a topic holds (KeyBuilder.parseGroup); undefined for any other topic.
 */
export function groupOfRetryTopic(topic: string): string | undefined {
  if (!topic.startsWith(RETRY_PREFIX)) return undefined
  const [group, popped, ...more] = topic.slice(RETRY_PREFIX.length).split('+')
  return popped === undefined || more.length > 0 ? topic.slice(RETRY_PREFIX.length) : group
}

/** Topics where the messages of one topic wait for another try by a group that pops them, as old
 *  brokers and new ones name them (KeyBuilder). */
export function popRetryTopicsOf(topic: string, group: string): readonly string[] {
  return [`${RETRY_PREFIX}${group}+${topic}`, `${RETRY_PREFIX}${group}_${topic}`]
}

function flawOfName(kind: 'topic' | 'group', name: string): string | undefined {
  if (name.trim() === '') return `The specified ${kind} is blank.`
  if (NAME_PATTERN.test(name)) return undefined
  const allowed = 'contains illegal characters, allowing only ^[%|a-zA-Z0-9_-]+$'
  return `The specified ${kind}: ${name}, ${allowed}`
}

function flawOfTopicLength(topic: string): string | undefined {
  if (topic.startsWith(RETRY_PREFIX) || topic.startsWith(DEAD_LETTER_PREFIX)) {
    if (topic.length <= RETRY_TOPIC_LENGTH_MAX) return undefined
    const which = `The specified topic is DLQ or Retry topic: ${topic}`
    return `${which}, and it's longer than topic max length: ${RETRY_TOPIC_LENGTH_MAX}`
  }
  if (topic.length <= TOPIC_LENGTH_MAX) return undefined
  return `The specified topic: ${topic}, is longer than topic max length: ${TOPIC_LENGTH_MAX}`
}
