/** LOCK_BATCH_MQ and UNLOCK_BATCH_MQ (AdminBrokerProcessor.lockBatchMQ, unlockBatchMQ). */
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { LockBatchRequestBody, LockBatchResponseBody } from '../../protocol/lock.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import type { QueueLocks } from './queue-locks.ts'

export function lockRoutes(parts: {
  readonly locks: QueueLocks
}): readonly (readonly [number, RequestHandler])[] {
  const { locks } = parts
  return [
    [RequestCode.LOCK_BATCH_MQ, (request) => lockQueues(locks, request)],
    [RequestCode.UNLOCK_BATCH_MQ, (request) => unlockQueues(locks, request)],
  ]
}

function lockQueues(locks: QueueLocks, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, mqSet, clientId } = decodeBody(LockBatchRequestBody, request.body)
  const lockOKMQSet = locks.lock(consumerGroup, mqSet, clientId, Date.now())
  const body = encodeBody(LockBatchResponseBody, { lockOKMQSet })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

function unlockQueues(locks: QueueLocks, request: RemotingCommand): RemotingCommand {
  const { consumerGroup, mqSet, clientId } = decodeBody(LockBatchRequestBody, request.body)
  locks.unlock(consumerGroup, mqSet, clientId)
  return createResponse(request, ResponseCode.SUCCESS)
}
