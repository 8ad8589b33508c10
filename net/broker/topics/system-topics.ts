/** The topics that every broker has from its start (TopicConfigManager.init). */
import type { TopicConfig } from '../../protocol/topic-config.ts'
import { PERM_INHERIT, PERM_READ, PERM_WRITE } from './permission.ts'
import {
  AUTO_CREATE_TOPIC,
  BENCHMARK_TOPIC,
  OFFSET_MOVED_TOPIC,
  ROCKSDB_HALF_TOPIC,
  ROCKSDB_OP_TOPIC,
  SCHEDULE_TOPIC,
  SELF_TEST_TOPIC,
  SYSTEM_TOPIC_PREFIX,
  TRANSACTION_HALF_TOPIC,
  TRANSACTION_OP_TOPIC,
} from './topic-validator.ts'

const READ_WRITE = PERM_READ | PERM_WRITE
/** Java's default for a topic that says nothing (TopicConfig). */
const QUEUE_NUMS_DEFAULT = 16
const BENCHMARK_QUEUE_NUMS = 1024
const SCHEDULE_QUEUE_NUMS = 18
const REVIVE_QUEUE_NUMS = 8

export interface SystemTopicOptions {
  readonly clusterName: string
  readonly brokerName: string
  readonly autoCreateTopicEnable: boolean
  readonly defaultTopicQueueNums: number
  readonly traceTopicEnable: boolean
  readonly msgTraceTopicName: string
}

export function systemTopics(options: SystemTopicOptions): TopicConfig[] {
  const { clusterName, brokerName } = options
  const topics = [
    topicConfig(SELF_TEST_TOPIC, 1),
    topicConfig(BENCHMARK_TOPIC, BENCHMARK_QUEUE_NUMS),
    topicConfig(clusterName, QUEUE_NUMS_DEFAULT, PERM_INHERIT | READ_WRITE),
    topicConfig(brokerName, 1, PERM_INHERIT | READ_WRITE),
    topicConfig(OFFSET_MOVED_TOPIC, 1),
    topicConfig(SCHEDULE_TOPIC, SCHEDULE_QUEUE_NUMS),
    topicConfig(`${clusterName}_REPLY_TOPIC`, 1),
    topicConfig(`${SYSTEM_TOPIC_PREFIX}REVIVE_LOG_${clusterName}`, REVIVE_QUEUE_NUMS),
    topicConfig(`${SYSTEM_TOPIC_PREFIX}SYNC_BROKER_MEMBER_${brokerName}`, 1, PERM_INHERIT),
    topicConfig(`${SYSTEM_TOPIC_PREFIX}wheel_timer`, 1),
    topicConfig(TRANSACTION_HALF_TOPIC, 1),
    topicConfig(TRANSACTION_OP_TOPIC, 1),
    topicConfig(ROCKSDB_HALF_TOPIC, 1),
    topicConfig(ROCKSDB_OP_TOPIC, 1),
  ]
  if (options.autoCreateTopicEnable) {
    const permission = PERM_INHERIT | READ_WRITE
    topics.push(topicConfig(AUTO_CREATE_TOPIC, options.defaultTopicQueueNums, permission))
  }
  if (options.traceTopicEnable) topics.push(topicConfig(options.msgTraceTopicName, 1))
  return topics
}

/** A topic with as many queues to read as to write. */
export function topicConfig(
  topicName: string,
  queueNums: number,
  perm: number = READ_WRITE,
): TopicConfig {
  return {
    topicName,
    readQueueNums: queueNums,
    writeQueueNums: queueNums,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
  }
}
