/**
 * The table of GET_BROKER_RUNTIME_INFO: the keys and formats that `clusterList`, `brokerStatus` and
 * monitors read (AdminBrokerProcessor.prepareRuntimeInfo, StoreStatsService.getRuntimeInfo,
 * DefaultMessageStore.getRuntimeInfo).
 */
import type { StoreLayout } from '../../../engine/file/store-layout.ts'
import { decodeMessage } from '../../../engine/format/stored-message.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { BrokerTotal } from '../stats/broker-total.ts'
import type { RateRing } from '../stats/rate-ring.ts'
import { diskUsage } from './disk-usage.ts'
import { byteCountText, doubleText, durationText } from './java-text.ts'

/** The version whose behaviour this broker has (Java: MQVersion). */
const VERSION_TEXT = 'V5_5_0'
/** The seconds over which rates are shown. */
const RATE_SECONDS = [10, 60, 600] as const
/** Shown by Java as the buffers that are left when there is no pool of them. */
const NO_BUFFER_POOL = 0x7fff_ffff
const NOTHING_STORED = -1

/** Requests of one kind that wait, as Java's queues of its thread pools have them. */
export interface RequestQueue {
  readonly size: number
  readonly capacity: number
  /** How long the oldest has waited, in ms. */
  readonly headWaitMs: number
}

/**
 * Capacities of Java's other request queues, by the beginning of their keys. No such request waits
 * in a queue here, so all are empty; monitors divide by the capacities, which are Java's defaults.
 */
const EMPTY_QUEUES: readonly (readonly [name: string, capacity: number])[] = [
  ['pull', 100_000],
  ['litePull', 100_000],
  ['query', 20_000],
  ['ack', 100_000],
]
const END_TRANSACTION_CAPACITY = 100_000

/** What other capabilities will fill in: timed messages are not kept yet, so none is behind. */
const TIMER_ROWS: readonly (readonly [string, string])[] = [
  ['timerReadBehind', '0'],
  ['timerOffsetBehind', '0'],
  ['timerCongestNum', '0'],
  ['timerEnqueueTps', '0.0'],
  ['timerDequeueTps', '0.0'],
]

type Rows = readonly (readonly [key: string, value: string | number])[]

export interface RuntimeFacts {
  readonly store: ThreadedStore
  readonly stats: BrokerStats
  /** How far delayed delivery has come. */
  readonly scheduleRows: Rows
  /** Sends that wait for the disk, or to be taken at all. */
  readonly sends: RequestQueue
}

export async function runtimeTable(facts: RuntimeFacts): Promise<Map<string, string>> {
  const { store, stats, scheduleRows, sends } = facts
  const rows = [
    ...statsRows(stats),
    ...dailyRows('msgPut', stats.put),
    ...dailyRows('msgGet', stats.got),
    ...(await storeRows(store)),
    ...(await diskRows(store.layout)),
    ...queueRows(sends),
    ...scheduleRows,
    ...TIMER_ROWS,
    ['brokerActive', 'true'],
    ['brokerVersionDesc', VERSION_TEXT],
    // RocketMQ's setting for taking sends later than the start.
    ['startAcceptSendRequestTimeStamp', 0],
  ] as const
  return new Map(rows.map(([key, value]) => [key, String(value)]))
}

function statsRows(stats: BrokerStats): Rows {
  const { bootTimeMs, putTimes, put } = stats
  const { messageCount, byteCount } = put.sum
  // Java shows one where there is none, to divide by.
  const divisor = Math.max(1, messageCount)
  return [
    ['bootTimestamp', bootTimeMs],
    ['runtime', durationText(Date.now() - bootTimeMs)],
    ['putMessageEntireTimeMax', putTimes.maxMs],
    ['putMessageTimesTotal', divisor],
    ['putMessageFailedTimes', stats.putFailedCount],
    ['putMessageSizeTotal', byteCount],
    ['putMessageDistributeTime', putTimes.distribution()],
    ['putMessageAverageSize', doubleText(byteCount / divisor)],
    ['putLatency99', putTimes.percentileMs(0.99).toFixed(2)],
    ['putLatency999', putTimes.percentileMs(0.999).toFixed(2)],
    // Deliveries wait in no buffer of their own and are not timed.
    ['dispatchMaxBuffer', 0],
    ['getMessageEntireTimeMax', 0],
    ['putTps', ratesText(stats.putRate)],
    ['getFoundTps', ratesText(stats.getFoundRate)],
    ['getMissTps', ratesText(stats.getMissRate)],
    ['getTotalTps', ratesText(stats.getFoundRate, stats.getMissRate)],
    ['getTransferredTps', ratesText(stats.getTransferredRate)],
  ]
}

function dailyRows(name: string, total: BrokerTotal): Rows {
  const { yesterdayMorning, todayMorning, now } = total.daily
  return [
    [`${name}TotalYesterdayMorning`, yesterdayMorning],
    [`${name}TotalTodayMorning`, todayMorning],
    [`${name}TotalTodayNow`, now],
  ]
}

async function storeRows(store: ThreadedStore): Promise<Rows> {
  const { log, flushedOffset, reputOffset } = store
  const { writtenOffset } = log
  const { startOffset } = log.segments
  const isEmpty = writtenOffset === startOffset
  const first = isEmpty ? undefined : await store.readRecord(startOffset)
  const earliestMs = first === undefined ? NOTHING_STORED : decodeMessage(first).storeTimestampMs
  return [
    ['commitLogMinOffset', isEmpty ? NOTHING_STORED : startOffset],
    ['commitLogMaxOffset', writtenOffset],
    ['dispatchBehindBytes', Math.max(0, writtenOffset - reputOffset)],
    ['earliestMessageTimeStamp', earliestMs],
    ['remainHowManyDataToFlush', byteCountText(Math.max(0, writtenOffset - flushedOffset))],
    ['remainTransientStoreBufferNumbs', NO_BUFFER_POOL],
    // No lock is held while a page is written.
    ['pageCacheLockTimeMills', 0],
  ]
}

async function diskRows(layout: StoreLayout): Promise<Rows> {
  const [root, log, queues] = await Promise.all([
    diskUsage(layout.root),
    diskUsage(layout.commitLog),
    diskUsage(layout.consumeQueue),
  ])
  const logRatio = doubleText(log?.usedRatio ?? NOTHING_STORED)
  const total = byteCountText(root?.totalBytes ?? 0)
  const free = byteCountText(root?.freeBytes ?? 0)
  return [
    [`commitLogDiskRatio_${layout.commitLog}`, logRatio],
    ['commitLogDiskRatio', logRatio],
    ['consumeQueueDiskRatio', doubleText(queues?.usedRatio ?? NOTHING_STORED)],
    ['commitLogDirCapacity', `Total : ${total}, Free : ${free}.`],
  ]
}

function queueRows(sends: RequestQueue): Rows {
  const empty = EMPTY_QUEUES.map(([name, capacity]) => [name, capacity, 0, 0] as const)
  const queues = [['send', sends.capacity, sends.size, sends.headWaitMs] as const, ...empty]
  return [
    ...queues.flatMap(
      ([name, capacity, size, headWaitMs]): Rows => [
        [`${name}ThreadPoolQueueSize`, size],
        [`${name}ThreadPoolQueueCapacity`, capacity],
        [`${name}ThreadPoolQueueHeadWaitTimeMills`, headWaitMs],
      ],
    ),
    ['EndTransactionQueueSize', 0],
    ['EndTransactionThreadPoolQueueCapacity', END_TRANSACTION_CAPACITY],
  ]
}

/** Three numbers: over ten seconds, a minute, ten minutes. */
function ratesText(...rates: readonly RateRing[]): string {
  return RATE_SECONDS.map((seconds) =>
    doubleText(rates.reduce((sum, rate) => sum + rate.perSecond(seconds), 0)),
  ).join(' ')
}
