/** What the client of this package must be able to do against any broker, by name. */
import { broadcast } from './broadcast.ts'
import { litePull } from './lite-pull.ts'
import { orderedGroup } from './ordered-group.ts'
import { orderedKeys } from './ordered-keys.ts'
import { orderedKill } from './ordered-kill.ts'
import { resumeOffset } from './resume-offset.ts'
import { retryLater } from './retry-later.ts'
import type { Scenario } from './scenario.ts'
import { sendWays } from './send-ways.ts'
import { shareByStrategy } from './share-by-strategy.ts'
import { shareQueues } from './share-queues.ts'
import { sqlFilter } from './sql-filter.ts'
import { startPosition } from './start-position.ts'
import { tagFilter } from './tag-filter.ts'

export const clientScenarios: Readonly<Record<string, Scenario>> = {
  'every way to send': sendWays,
  'order by sharding key': orderedKeys,
  'order in a group that changes': orderedGroup,
  'order when a member is killed': orderedKill,
  'filter by tags': tagFilter,
  'filter by SQL92': sqlFilter,
  'start position': startPosition,
  'resume at the committed offset': resumeOffset,
  'share queues and rebalance': shareQueues,
  'share queues by other strategies': shareByStrategy,
  broadcast,
  'deliver again later': retryLater,
  'lite pull': litePull,
}
