/**
 * What a route says about queues. RocketMQ: `MQClientInstance.topicRouteData2TopicPublishInfo` and
 * `topicRouteData2TopicSubscribeInfo`.
 */

import {
  MASTER_ID,
  PERMISSION,
  type QueueData,
  type TopicRouteData,
} from '../protocol/topic-route.ts'
import { compareText, type MessageQueue } from './message-queue.ts'

/** The queues that a producer sends to: those of brokers with a master, in the order of names. */
export function writeQueuesOf(topic: string, route: TopicRouteData): readonly MessageQueue[] {
  const ordered = route.orderTopicConf ?? ''
  if (ordered !== '') return orderedQueuesOf(topic, ordered)
  const withMaster = new Set(
    route.brokerDatas
      .filter((broker) => broker.brokerAddrs.has(MASTER_ID))
      .map((broker) => broker.brokerName),
  )
  return route.queueDatas
    .filter((data) => allows(data, PERMISSION.WRITE) && withMaster.has(data.brokerName))
    .sort((left, right) => compareText(left.brokerName, right.brokerName))
    .flatMap((data) => queuesOf(topic, data.brokerName, data.writeQueueNums))
}

/** The queues that a group of consumers shares. */
export function readQueuesOf(topic: string, route: TopicRouteData): readonly MessageQueue[] {
  return route.queueDatas
    .filter((data) => allows(data, PERMISSION.READ))
    .flatMap((data) => queuesOf(topic, data.brokerName, data.readQueueNums))
}

/**
 * The route of a topic that does not exist yet, made from the route of the topic that new ones are
 * made from: at most `queueCountMax` queues on each broker.
 */
export function routeFromTemplate(template: TopicRouteData, queueCountMax: number): TopicRouteData {
  const queueDatas = template.queueDatas.map((data) => {
    const queueCount = Math.min(queueCountMax, data.readQueueNums)
    return { ...data, readQueueNums: queueCount, writeQueueNums: queueCount }
  })
  return { ...template, queueDatas }
}

/** A topic whose order an administrator fixed: `broker:queues;broker:queues`. */
function orderedQueuesOf(topic: string, configuration: string): readonly MessageQueue[] {
  return configuration
    .split(';')
    .filter((part) => part !== '')
    .flatMap((part) => {
      const [brokerName = '', count = '0'] = part.split(':')
      return queuesOf(topic, brokerName, Number.parseInt(count, 10) || 0)
    })
}

function queuesOf(topic: string, brokerName: string, count: number): MessageQueue[] {
  return Array.from({ length: Math.max(count, 0) }, (_, queueId) => ({
    topic,
    brokerName,
    queueId,
  }))
}

function allows(data: QueueData, permission: number): boolean {
  return (data.perm & permission) !== 0
}
