/** What admin tools ask to be deleted (AdminBrokerProcessor). Files go after the answer. */
import { readdir } from 'node:fs/promises'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'

export interface CleaningParts {
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
}

export function cleaningRoutes({
  store,
  topics,
}: CleaningParts): readonly (readonly [number, RequestHandler])[] {
  return [
    [RequestCode.DELETE_EXPIRED_COMMITLOG, answered(() => store.deleteExpired())],
    // Java also forgets the numbers of queues that lead to nothing any more, and gives them again.
    [RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE, answered(() => store.trimQueues())],
    [RequestCode.CLEAN_UNUSED_TOPIC, answered(() => deleteUnusedTopics(store, topics))],
  ]
}

function answered(act: () => void | Promise<void>): RequestHandler {
  return async (request) => {
    await act()
    return createResponse(request, ResponseCode.SUCCESS)
  }
}

/** Light queues are no topics of their own (MixAll.isLmq). */
const LIGHT_QUEUE_PREFIX = '%LMQ%'

/** Deletes the queues of topics that nobody knows any more. */
async function deleteUnusedTopics(store: ThreadedStore, topics: TopicConfigs): Promise<void> {
  const unused = (await readdir(store.layout.consumeQueue)).filter((topic) => {
    const isKept = topics.isSystem(topic) || topic.startsWith(LIGHT_QUEUE_PREFIX)
    return !isKept && topics.find(topic) === undefined
  })
  await Promise.all(unused.map((topic) => store.deleteTopic(topic)))
}
