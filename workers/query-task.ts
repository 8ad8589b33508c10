/** Entry of the pool's threads: one look-up a task. */
import { unreachable } from '../engine/base/assert.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { type IndexMatches, type IndexQuery, queryIndex } from '../engine/queue/index-query.ts'
import { type QueueTimeQuery, searchQueueByTime } from '../engine/queue/queue-time-search.ts'

export type QueryTask =
  | { readonly kind: 'key'; readonly query: IndexQuery }
  | { readonly kind: 'time'; readonly query: QueueTimeQuery }

const files = nodeFileSystem()

export type QueryAnswer = number | IndexMatches

export default function run(task: QueryTask): QueryAnswer {
  switch (task.kind) {
    case 'key':
      return queryIndex(files, task.query)
    case 'time':
      return searchQueueByTime(files, task.query)
    default:
      return unreachable(task)
  }
}
