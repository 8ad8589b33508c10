/**
 * RESET_CONSUMER_CLIENT_OFFSET: has connected consumers reset their offsets themselves
 * (Broker2Client.resetOffset), as brokers without `useServerSideResetOffset` do.
 */
import { describeError } from '../../../engine/base/errors.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import {
  ResetOffsetBody,
  ResetOffsetBodyForC,
  ResetOffsetRequestHeader,
} from '../../protocol/reset-offset.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import { OFFSET_UNKNOWN } from '../offsets/consumer-offsets.ts'
import { type QueueOffsets, type ResetParts, resetTarget } from './reset-parts.ts'

/** The first version whose clients know the push (Java: MQVersion.V3_0_7_SNAPSHOT). */
const RESET_VERSION_MIN = 28

/**
 * Sends every consumer of the group to where it has to go on.
 * @param isForC the bodies are for clients in C++.
 * @throws {BrokerError} TOPIC_NOT_EXIST, CONSUMER_NOT_ONLINE, SYSTEM_ERROR for a group that has
 *   read nothing of the topic, or a client that is too old
 */
export async function resetInClients(
  parts: ResetParts,
  asked: ResetOffsetRequestHeader,
  isForC: boolean,
): Promise<QueueOffsets> {
  const { topic, group, timestamp } = asked
  const targets = await queueTargets(parts, asked)
  const members = [...(parts.clients.consumerGroup(group)?.members ?? [])]
  if (members.length === 0) {
    const remark =
      'Consumer not online, so can not reset offset, ' +
      `Group: ${group} Topic: ${topic} Timestamp: ${timestamp}`
    throw new BrokerError(ResponseCode.CONSUMER_NOT_ONLINE, remark)
  }
  const old = members.find(({ version }) => version < RESET_VERSION_MIN)
  if (old !== undefined) {
    const remark = `the client does not support this feature. version=${old.version}`
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
  }
  const header = { topic, group, timestamp, isForce: false }
  const body = isForC ? bodyForC(targets) : encodeBody(ResetOffsetBody, { offsetTable: targets })
  for (const { connection, clientId } of members) {
    const extFields = encodeHeaderFields(ResetOffsetRequestHeader, header)
    const push = createRequest(RequestCode.RESET_CONSUMER_CLIENT_OFFSET, { extFields, body })
    try {
      connection.invokeOneway(push)
    } catch (error) {
      // The others still have to be told; this one is gone or reads nothing.
      parts.logger.warn(`${clientId} of ${group} was not told to reset: ${describeError(error)}`)
    }
  }
  return targets
}

async function queueTargets(
  { config, store, topics, offsets }: ResetParts,
  { topic, group, timestamp, isForce }: ResetOffsetRequestHeader,
): Promise<QueueOffsets> {
  const queueCount = topics.find(topic)?.config.writeQueueNums
  if (queueCount === undefined) {
    const remark = `[reset-offset] reset offset failed, no topic in this broker. topic=${topic}`
    throw new BrokerError(ResponseCode.TOPIC_NOT_EXIST, remark)
  }
  const { brokerName } = config
  const targets: QueueOffsets = []
  for (let queueId = 0; queueId < queueCount; queueId += 1) {
    const current = offsets.get(group, topic, queueId)
    if (current === OFFSET_UNKNOWN) {
      throw new BrokerError(ResponseCode.SYSTEM_ERROR, `THe consumer group <${group}> not exist`)
    }
    const target = await resetTarget(store, topic, queueId, timestamp)
    targets.push([{ brokerName, queueId, topic }, isForce ? target : Math.min(target, current)])
  }
  return targets
}

function bodyForC(targets: QueueOffsets): Buffer {
  const offsetTable = targets.map(([queue, offset]) => ({ ...queue, offset }))
  return encodeBody(ResetOffsetBodyForC, { offsetTable })
}
