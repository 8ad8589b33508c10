import type { AllocateStrategy } from './strategy.ts'

/**
 * Each member gets a run of neighbours, the first ones one more where they do not divide evenly.
 * RocketMQ: `AllocateMessageQueueAveragely`.
 */
export const allocateAveragely: AllocateStrategy = Object.freeze<AllocateStrategy>({
  name: 'AVG',
  allocate: ({ clientId, clientIds, queues }) => {
    const index = clientIds.indexOf(clientId)
    const remainder = queues.length % clientIds.length
    const smallShare = Math.floor(queues.length / clientIds.length)
    const start = index * smallShare + Math.min(index, remainder)
    const end = start + smallShare + (index < remainder ? 1 : 0)
    return queues.slice(start, end)
  },
})

/**
 * The members take the queues in turn, so that each broker's queues are spread over all of them.
 * RocketMQ: `AllocateMessageQueueAveragelyByCircle`.
 */
export const allocateByCircle: AllocateStrategy = Object.freeze<AllocateStrategy>({
  name: 'AVG_BY_CIRCLE',
  allocate: ({ clientId, clientIds, queues }) => {
    const index = clientIds.indexOf(clientId)
    return queues.filter((_, at) => at % clientIds.length === index)
  },
})
