import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import { PULL_SYS_FLAG } from '../../protocol/pull-message.ts'
import { LoadError } from './errors.ts'
import type { LatencyLog } from './latency-log.ts'
import { type LoadFigures, LoadMeter, type OnProgress } from './load-meter.ts'
import type { LoadTarget } from './load-target.ts'
import { type PullCursorShape, PullLane, type PullLaneOwner } from './pull-lane.ts'
import type { PullFilter } from './pull-template.ts'

/** What is pulled, and with how many requests at a time. */
export interface PullLoadShape {
  readonly targets: readonly LoadTarget[]
  readonly topic: string
  readonly consumerGroup: string
  readonly messageCountPerPull: number
  readonly connectionCount: number
  /** Pulls in flight on each connection, each by a reader of its own. */
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
  readonly queueId: number
  readonly minOffset: number
  readonly messageCount: number
}

/** Pulls over many connections at once, round and round through what the queues hold. */
export class PullLoad implements PullLaneOwner {
  readonly #lanes: PullLane[] = []
  #running: RunningPhase | undefined
  #failure: Error | undefined

  private constructor() {}

  /** Connects. @throws {LoadError} `LOAD_TOPIC_EMPTY` when there is nothing to pull */
  static async open(shape: PullLoadShape): Promise<PullLoad> {
    const queues = await fullQueues(shape.targets, shape.topic)
    if (queues.length === 0) {
      const message = `the topic ${shape.topic} is empty: fill it with "agena bench send" first`
      throw new LoadError('LOAD_TOPIC_EMPTY', message)
    }
    const load = new PullLoad()
    try {
      for (const { address, cursors } of planLanes(shape, queues)) {
        load.#lanes.push(await PullLane.open(address, cursors, load))
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

async function fullQueues(targets: readonly LoadTarget[], topic: string): Promise<FullQueue[]> {
  const queues: FullQueue[] = []
  for (const target of targets) {
    for (let queueId = 0; queueId < target.queueCount; queueId++) {
      const minOffset = await target.control.minOffset(topic, queueId)
      const messageCount = (await target.control.maxOffset(topic, queueId)) - minOffset
      if (messageCount > 0) queues.push({ target, queueId, minOffset, messageCount })
    }
  }
  return queues
}

/** Deals the queues to the readers in turn, and the readers of a queue evenly over its messages. */
function planLanes(
  shape: PullLoadShape,
  queues: readonly FullQueue[],
): { address: string; cursors: PullCursorShape[] }[] {
  const { connectionCount, inFlightCount } = shape
  const brokers = [...new Set(queues.map(({ target }) => target))]
  return Array.from({ length: connectionCount }, (_, connection) => {
    const target = brokers[connection % brokers.length]!
    const own = queues.filter((queue) => queue.target === target)
    const cursors = Array.from({ length: inFlightCount }, (_unused, reader) => {
      const number = connection * inFlightCount + reader
      const queue = own[number % own.length]!
      const share = number / (connectionCount * inFlightCount)
      return cursorOf(shape, queue, queue.minOffset + Math.floor(share * queue.messageCount))
    })
    return { address: target.control.address, cursors }
  })
}

function cursorOf(shape: PullLoadShape, queue: FullQueue, startOffset: number): PullCursorShape {
  return {
    topic: shape.topic,
    brokerName: queue.target.brokerName,
    queueId: queue.queueId,
    consumerGroup: shape.consumerGroup,
    messageCountMax: shape.messageCountPerPull,
    sysFlag: PULL_SYS_FLAG.SUBSCRIPTION,
    suspendMs: 0,
    filter: shape.filter,
    minOffset: queue.minOffset,
    startOffset,
  }
}
