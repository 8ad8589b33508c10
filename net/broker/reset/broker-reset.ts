/** Resets a group's offsets in the broker (AdminBrokerProcessor.resetOffsetInner). */
import type { ResetOffsetRequestHeader } from '../../protocol/reset-offset.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'
import type { Topic } from '../topics/topic.ts'
import { type QueueOffsets, type ResetParts, resetTarget } from './reset-parts.ts'

/** What says as much as no offset at all. */
const OFFSET_UNSET = -1

/**
 * Puts a group's queues elsewhere, whether its consumers are connected or not: those that are hear
 * of it by their next pull, and those whose pull waits for messages at once.
 * @throws {BrokerError} TOPIC_NOT_EXIST, SUBSCRIPTION_GROUP_NOT_EXIST, SYSTEM_ERROR
 */
export async function resetInBroker(
  parts: ResetParts,
  asked: ResetOffsetRequestHeader,
): Promise<QueueOffsets> {
  const { groups, offsets, topics, pulls } = parts
  const { topic: name, group } = asked
  const topic = topics.find(name)
  if (topic === undefined) {
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, `Topic ${name} does not exist`)
  }
  if (groups.get(group) === undefined) {
    const remark = `Group ${group} does not exist`
    throw new BrokerError(ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, remark)
  }
  const targets =
    asked.queueId >= 0 ? await oneQueue(parts, topic, asked) : await allQueues(parts, topic, asked)
  if (targets.size === 0) throw refusal('No queues to reset.')
  for (const [queueId, offset] of targets) offsets.reset(group, name, queueId, offset)
  pulls.releaseGroup(group, name)
  const { brokerName } = parts.config
  return [...targets].map(([queueId, offset]) => [{ brokerName, queueId, topic: name }, offset])
}

async function allQueues(
  { store }: ResetParts,
  topic: Topic,
  { timestamp }: ResetOffsetRequestHeader,
): Promise<Map<number, number>> {
  const targets = new Map<number, number>()
  for (let queueId = 0; queueId < topic.config.readQueueNums; queueId += 1) {
    targets.set(queueId, await resetTarget(store, topic.name, queueId, timestamp))
  }
  return targets
}

async function oneQueue(
  { store }: ResetParts,
  topic: Topic,
  { queueId, offset = OFFSET_UNSET, timestamp }: ResetOffsetRequestHeader,
): Promise<Map<number, number>> {
  const { name } = topic
  if (!topic.hasQueue(queueId)) throw refusal(`topic ${name} has no queue ${queueId}`)
  if (offset === OFFSET_UNSET) {
    return new Map([[queueId, await resetTarget(store, name, queueId, timestamp)]])
  }
  const least = store.minQueueOffset(name, queueId)
  const most = store.maxQueueOffset(name, queueId)
  if (offset < Math.max(0, least) || offset > most + 1) {
    throw refusal(`Target offset ${offset} not in consume queue range [${least}-${most}]`)
  }
  return new Map([[queueId, offset]])
}

function refusal(remark: string): BrokerError {
  return new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
