import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import { PULL_SYS_FLAG } from '../../protocol/pull-message.ts'
import { LoadError } from './errors.ts'
import type { LatencyLog } from './latency-log.ts'
import { type LoadFigures, LoadMeter, type OnProgress } from './load-meter.ts'
import type { LoadTarget } from './load-target.ts'
import { type PulledQueueShape, PullLane, type PullLaneOwner } from './pull-lane.ts'
import type { PullFilter } from './pull-template.ts'
import type { TopicNames } from './topic-names.ts'

/** Topics whose offsets are asked for at the same time. */
const ASKED_AT_ONCE = 16
/** A prime number. */
const STRIDE = 7919

/** What is pulled, and with how many requests at a time. */
export interface PullLoadShape {
  readonly targets: readonly LoadTarget[]
  readonly topics: TopicNames
  readonly consumerGroup: string
  readonly messageCountPerPull: number
  readonly connectionCount: number
  /** Pulls in flight on each connection, each by a reader with queues of its own. */
  readonly inFlightCount: number
  /** @default every message */
  readonly filter?: PullFilter | undefined
}

/** What one phase should do: it ends at whichever bound comes first. */
export interface PullPhase {
  readonly messageCountMax: number
  readonly durationMs: number
  readonly latencies: LatencyLog
  readonly onProgress: OnProgress
}

interface RunningPhase {
  readonly meter: LoadMeter
  readonly done: Deferred<void>
  readonly messageCountMax: number
  readonly endMs: number
}

/** A queue that holds messages. */
interface FullQueue {
  readonly target: LoadTarget
  readonly topic: string
  readonly queueId: number
  readonly minOffset: number
  readonly messageCount: number
}

/** Pulls over many connections at once, round and round through what the queues hold. */
export class PullLoad implements PullLaneOwner {
  /** Messages that the queues held when it was opened. */
  readonly storedCount: number
  readonly #lanes: PullLane[] = []
  #running: RunningPhase | undefined
  #failure: Error | undefined

  private constructor(storedCount: number) {
    this.storedCount = storedCount
  }

  /** Connects. @throws {LoadError} `LOAD_TOPIC_EMPTY` when there is nothing to pull */
  static async open(shape: PullLoadShape): Promise<PullLoad> {
    const queues = await fullQueues(shape)
    if (queues.length === 0) {
      const name = shape.topics.at(0)
      const message = `the topic ${name} is empty: fill it with "agena bench send" first`
      throw new LoadError('LOAD_TOPIC_EMPTY', message)
    }
    const load = new PullLoad(queues.reduce((sum, queue) => sum + queue.messageCount, 0))
    try {
      for (const { address, readers } of planLanes(shape, queues)) {
        load.#lanes.push(await PullLane.open(address, readers, load))
      }
    } catch (error) {
      load.close()
      throw error
    }
    return load
  }

  /** Runs one phase until its last response. @throws {LoadError} {@link LoadMeter}'s codes */
  async run(phase: PullPhase): Promise<LoadFigures> {
    if (this.#failure !== undefined) throw this.#failure
    const done = deferred<void>()
    const meter = new LoadMeter(phase.latencies, phase.onProgress, done.reject)
    const endMs = performance.now() + phase.durationMs
    this.#running = { meter, done, messageCountMax: phase.messageCountMax, endMs }
    for (const lane of this.#lanes) lane.pull()
    try {
      await done.promise
    } finally {
      this.#running = undefined
      meter.stop()
    }
    return meter.figures()
  }

  close(): void {
    for (const lane of this.#lanes.splice(0)) lane.close()
  }

  onPulled(messageCount: number, bytes: number, sinceMs: number, nowMs: number): void {
    this.#running?.meter.record(messageCount, bytes, sinceMs, nowMs)
  }

  onRefusal(code: number, remark: string): void {
    this.#running?.meter.refuse(code, remark, performance.now())
  }

  isPulling(): boolean {
    const running = this.#running
    if (running === undefined) return false
    const { meter, messageCountMax, endMs, done } = running
    if (meter.messageCount < messageCountMax && performance.now() < endMs) return true
    if (this.#lanes.every((lane) => lane.inFlightCount === 0)) done.resolve()
    return false
  }

  onFailure(error: Error): void {
    this.#failure ??= error
    this.#running?.done.reject(error)
  }
}

/** In the order of topics and queues. */
async function fullQueues({ targets, topics }: PullLoadShape): Promise<FullQueue[]> {
  const queues: FullQueue[] = []
  for (const target of targets) {
    const names = [...topics]
    for (let index = 0; index < names.length; index += ASKED_AT_ONCE) {
      const some = names.slice(index, index + ASKED_AT_ONCE)
      const found = await Promise.all(some.map((topic) => fullQueuesOf(target, topic)))
      queues.push(...found.flat())
    }
  }
  return queues
}

async function fullQueuesOf(target: LoadTarget, topic: string): Promise<FullQueue[]> {
  const { control, queueCount } = target
  const all = Array.from({ length: queueCount }, async (_, queueId): Promise<FullQueue> => {
    const minOffset = await control.minOffset(topic, queueId)
    const messageCount = (await control.maxOffset(topic, queueId)) - minOffset
    return { target, topic, queueId, minOffset, messageCount }
  })
  return (await Promise.all(all)).filter(({ messageCount }) => messageCount > 0)
}

interface LanePlan {
  readonly address: string
  /** What each reader pulls from in turn. */
  readonly readers: PulledQueueShape[][]
}

/**
 * Deals the queues to the readers. Where there are more readers than queues, several read the same
 * queue, spread evenly over its messages; where there are fewer, each has several.
 */
function planLanes(shape: PullLoadShape, queues: readonly FullQueue[]): LanePlan[] {
  const { connectionCount, inFlightCount } = shape
  const brokers = [...new Set(queues.map(({ target }) => target))]
  return Array.from({ length: connectionCount }, (_, connection) => {
    const broker = connection % brokers.length
    const target = brokers[broker]!
    const own = strided(queues.filter((queue) => queue.target === target))
    const readerCount = Math.ceil((connectionCount - broker) / brokers.length) * inFlightCount
    const firstReader = Math.floor(connection / brokers.length) * inFlightCount
    const readers = Array.from({ length: inFlightCount }, (_unused, reader) => {
      return dealQueues(shape, own, { number: firstReader + reader, count: readerCount })
    })
    return { address: target.control.address, readers }
  })
}

/** What the reader with this number, of so many, gets of the queues of its broker. */
function dealQueues(
  shape: PullLoadShape,
  queues: readonly FullQueue[],
  { number, count }: { readonly number: number; readonly count: number },
): PulledQueueShape[] {
  if (queues.length > count) {
    const dealt = queues.filter((_, index) => index % count === number)
    return dealt.map((queue) => queueShape(shape, queue, queue.minOffset))
  }
  const queue = queues[number % queues.length]!
  const passedCount = Math.floor((number / count) * queue.messageCount)
  return [queueShape(shape, queue, queue.minOffset + passedCount)]
}

/**
 * Many queues in an order in which neighbours of the log are far apart: readers that follow each
 * other through topics which were filled in turn would find each other's pages just read.
 */
function strided(queues: readonly FullQueue[]): readonly FullQueue[] {
  if (queues.length <= STRIDE || queues.length % STRIDE === 0) return queues
  return queues.map((_, index) => queues[(index * STRIDE) % queues.length]!)
}

function queueShape(shape: PullLoadShape, queue: FullQueue, startOffset: number): PulledQueueShape {
  return {
    topic: queue.topic,
    brokerName: queue.target.brokerName,
    queueId: queue.queueId,
    consumerGroup: shape.consumerGroup,
    messageCountMax: shape.messageCountPerPull,
    sysFlag: PULL_SYS_FLAG.SUBSCRIPTION,
    suspendMs: 0,
    filter: shape.filter,
    minOffset: queue.minOffset,
    endOffset: queue.minOffset + queue.messageCount,
    startOffset,
  }
}
