/** Names of topics and groups, by the rules of RocketMQ (`Validators`, `TopicValidator`). */

import { ClientError, type ClientErrorCode } from './client-error.ts'

const TOPIC_CHARACTERS_MAX = 127
/** Shorter than a topic: `%RETRY%group` must fit too. */
const GROUP_CHARACTERS_MAX = 120
const ALLOWED = /^[%|a-zA-Z0-9_-]+$/
const RETRY_PREFIX = '%RETRY%'
/** Topics that only the broker writes (Java: TopicValidator.NOT_ALLOWED_SEND_TOPIC_SET). */
const BROKER_ONLY_TOPICS: ReadonlySet<string> = new Set([
  'SCHEDULE_TOPIC_XXXX',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC',
  'RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC',
])

/** @throws {ClientError} `code` when `topic` is not a name that a topic can have. */
export function checkTopic(topic: string, code: ClientErrorCode): void {
  checkName('topic', topic, TOPIC_CHARACTERS_MAX, code)
}

/** @throws {ClientError} `CLIENT_MESSAGE_ILLEGAL` when nobody may send to `topic`. */
export function checkSendTopic(topic: string): void {
  checkTopic(topic, 'CLIENT_MESSAGE_ILLEGAL')
  if (!BROKER_ONLY_TOPICS.has(topic)) return
  throw new ClientError('CLIENT_MESSAGE_ILLEGAL', `only brokers write to the topic ${topic}`)
}

/** @throws {ClientError} `CLIENT_OPTION_INVALID` when `group` is not a name for a group. */
export function checkGroup(group: string): void {
  checkName('group', group, GROUP_CHARACTERS_MAX, 'CLIENT_OPTION_INVALID')
}

/** The topic to which a group's failed messages go back. */
export function retryTopicOf(group: string): string {
  return RETRY_PREFIX + group
}

export function isRetryTopic(topic: string): boolean {
  return topic.startsWith(RETRY_PREFIX)
}

function checkName(kind: string, name: string, max: number, code: ClientErrorCode): void {
  if (typeof name !== 'string' || name.trim() === '') {
    throw new ClientError(code, `the ${kind} is empty`)
  }
  if (name.length > max) {
    throw new ClientError(
      code,
      `the ${kind} has ${name.length} characters, at most ${max}: ${name}`,
    )
  }
  if (ALLOWED.test(name)) return
  throw new ClientError(code, `the ${kind} ${name} holds characters outside of a-z A-Z 0-9 _ - | %`)
}
