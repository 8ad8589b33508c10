import { averageShare, circleShare } from '../../protocol/queue-share.ts'
import type { AllocateStrategy } from './strategy.ts'

/**
 * Each member gets a run of neighbours, the first ones one more where they do not divide evenly.
 * RocketMQ: `AllocateMessageQueueAveragely`.
 */
export const allocateAveragely: AllocateStrategy = Object.freeze<AllocateStrategy>({
  name: 'AVG',
  allocate: ({ clientId, clientIds, queues }) => {
    return averageShare(queues, clientIds.indexOf(clientId), clientIds.length)
  },
})

/**
 * The members take the queues in turn, so that each broker's queues are spread over all of them.
 * RocketMQ: `AllocateMessageQueueAveragelyByCircle`.
 */
export const allocateByCircle: AllocateStrategy = Object.freeze<AllocateStrategy>({
  name: 'AVG_BY_CIRCLE',
  allocate: ({ clientId, clientIds, queues }) => {
    return circleShare(queues, clientIds.indexOf(clientId), clientIds.length)
  },
})
