/** The programs behind the list of scenarios. */
import type catalogue from '../scenarios.json'
import type { Stage } from '../stage.ts'
import * as admin from './admin.ts'
import * as consume from './consume.ts'
import * as extras from './extras.ts'
import * as filter from './filter.ts'
import * as group from './group.ts'
import * as lite from './lite.ts'
import * as order from './order.ts'
import * as retry from './retry.ts'
import * as send from './send.ts'

/**
 * One program for every pair of client and broker. Resolves with facts, as JSON, that must be the
 * same for each of them; names that begin with the stage's are made equal.
 */
export type Scenario = (stage: Stage) => Promise<unknown>

export type ScenarioName = keyof typeof catalogue

/** Whatever takes long by itself comes first, so that the others run beside it. */
export const scenarios: Readonly<Record<ScenarioName, Scenario>> = {
  'orderly-crash': order.crashInOrder,
  'sql-filter': filter.sqlFilter,
  'start-from': consume.startFrom,
  'start-from-time': consume.startFromTime,
  'message-trace': extras.messageTrace,
  'consume-timeout': consume.consumeTimeout,
  'lite-auto-commit': lite.liteAutoCommit,
  retry: retry.retryByAttempt,
  'retry-level': retry.retryByLevel,
  'retry-batch': retry.retryOfBatch,
  'dead-letter': retry.deadLetter,
  'long-group': retry.longGroup,
  'delay-levels': retry.delayLevels,
  'orderly-changes': order.orderInAChangingGroup,
  'orderly-dead-letter': order.deadLetterInOrder,
  'flow-by-count': consume.flowByCount,
  'flow-by-span': consume.flowBySpan,
  pause: consume.pauseAndResume,
  'reset-offset': admin.resetOffset,
  'clone-offsets': admin.cloneOffsets,
  'running-info': admin.runningInfo,
  'consume-directly': admin.consumeDirectly,
  broadcasting: group.broadcasting,
  'broadcasting-failure': group.broadcastingFailure,
  rebalance: group.rebalance,
  'rebalance-circle': group.rebalanceByCircle,
  'rebalance-hash': group.rebalanceByHash,
  'changed-subscription': filter.changedSubscription,
  'wrong-filter': filter.wrongFilter,
  'tag-filter': filter.tagFilter,
  send: send.send,
  'send-async': send.sendAsync,
  'send-one-way': send.sendOneWay,
  'send-batch': send.sendBatch,
  'send-by-key': send.sendByKey,
  'send-to-queue': send.sendToQueue,
  'send-refused': admin.refusedSends,
  'auto-create': admin.autoCreate,
  compressed: extras.compressed,
  'compressed-lz4': extras.compressedByLz4,
  'compressed-zstd': extras.compressedByZstd,
  push: consume.pushConcurrently,
  'push-batches': consume.batchesOfMessages,
  'push-wake-up': consume.wakeUp,
  orderly: order.orderly,
  'orderly-suspend': order.suspendInOrder,
  'lite-subscribe': lite.liteSubscribe,
  'lite-assign': lite.liteAssign,
  'lite-pause': lite.litePause,
  'pull-codes': lite.pullCodes,
  queries: admin.queries,
  'message-types': admin.messageTypes,
  'request-reply': extras.requestReply,
  namespaces: extras.namespaces,
  'broker-restart': group.brokerRestart,
}

/** What stops the broker runs when nothing else does. */
export const disturbing: ReadonlySet<string> = new Set<ScenarioName>(['broker-restart'])
