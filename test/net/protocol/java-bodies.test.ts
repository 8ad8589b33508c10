/**
 * Goal: bodies are read and written as RocketMQ 5.5.0 does.
 * Method: bytes that its own classes wrote (test/fixtures/frames) are read, written again and
 * compared. Maps with numbers as keys are written with quotes, which Java reads too; everything
 * else is compared byte by byte.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { BrokerMemberGroupBody, ClusterInfo } from '../../../net/protocol/cluster-info.ts'
import {
  ConsumerConnection,
  GroupList,
  ProducerConnection,
} from '../../../net/protocol/connections.ts'
import { ConsumerList } from '../../../net/protocol/consumer-list.ts'
import { ConsumerOffsetTable } from '../../../net/protocol/consumer-offset.ts'
import { ConsumerRunningInfo } from '../../../net/protocol/consumer-running-info.ts'
import { DataVersion } from '../../../net/protocol/data-version.ts'
import { CheckClientRequestBody, HeartbeatData } from '../../../net/protocol/heartbeat.ts'
import type { JsonShape } from '../../../net/protocol/json-shape.ts'
import { decodeBody, encodeBody } from '../../../net/protocol/json-shape.ts'
import { LockBatchRequestBody, LockBatchResponseBody } from '../../../net/protocol/lock.ts'
import { TopicList } from '../../../net/protocol/name-server-topic.ts'
import { RegisterBrokerBody } from '../../../net/protocol/register-broker.ts'
import { ResetOffsetBody } from '../../../net/protocol/reset-offset.ts'
import { KVTable } from '../../../net/protocol/runtime-info.ts'
import {
  SubscriptionGroupConfig,
  SubscriptionGroupTable,
} from '../../../net/protocol/subscription-group.ts'
import { TopicConfig, TopicConfigTable } from '../../../net/protocol/topic-config.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import { ConsumeStats, TopicStatsTable } from '../../../net/protocol/topic-stats.ts'

const FOLDER = new URL('../../../../test/fixtures/frames/', import.meta.url)

const shapes: [string, JsonShape<never>][] = [
  ['broker-member-group-901', BrokerMemberGroupBody],
  ['check-client-46', CheckClientRequestBody],
  ['cluster-info-106', ClusterInfo],
  ['consume-stats-208', ConsumeStats],
  ['consumer-connection-203', ConsumerConnection],
  ['consumer-list-38', ConsumerList],
  ['consumer-offset-43', ConsumerOffsetTable],
  ['consumer-running-info-307', ConsumerRunningInfo],
  ['data-version-322', DataVersion],
  ['group-list-300', GroupList],
  ['heartbeat-34', HeartbeatData],
  ['heartbeat-v2-34', HeartbeatData],
  ['kv-table-219', KVTable],
  ['lock-batch-41', LockBatchRequestBody],
  ['lock-batch-response-41', LockBatchResponseBody],
  ['producer-connection-204', ProducerConnection],
  ['register-broker-103', RegisterBrokerBody],
  ['reset-offset-220', ResetOffsetBody],
  ['runtime-info-28', KVTable],
  ['subscription-group-201', SubscriptionGroupTable],
  ['subscription-group-352', SubscriptionGroupConfig],
  ['system-topic-list-304', TopicList],
  ['topic-config-21', TopicConfigTable],
  ['topic-config-351', TopicConfig],
  ['topic-list-206', TopicList],
  ['topic-route-105', TopicRouteData],
  ['topic-route-fastjson1-105', TopicRouteData],
  ['topic-route-standard-105', TopicRouteData],
  ['topic-stats-202', TopicStatsTable],
  ['topic-stats-fastjson1-202', TopicStatsTable],
  ['unlock-batch-42', LockBatchRequestBody],
] as unknown as [string, JsonShape<never>][]

/** What we write differently on purpose: quoted numbers as keys, and doubles without `.0`. */
function inOurForm(json: string): string {
  return json.replaceAll(/([{,])(\d+):/g, '$1"$2":').replaceAll(/(\d)\.0([,}])/g, '$1$2')
}

test.each(shapes)('%s is read and written as Java does', (name, shape) => {
  const bytes = readFileSync(new URL(`${name}.json`, FOLDER))
  const value = decodeBody(shape, bytes)
  expect(encodeBody(shape, value).toString()).toBe(inOurForm(bytes.toString()))
})
