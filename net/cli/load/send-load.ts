import { type Deferred, deferred } from '../../../engine/base/deferred.ts'
import type { LatencyLog } from './latency-log.ts'
import { type LoadFigures, LoadMeter, type OnProgress } from './load-meter.ts'
import { Pace, type Waiting } from './pace.ts'
import { SendLane, type SendLaneOwner, type SendLaneShape } from './send-lane.ts'
import { UniqueKeys } from './unique-keys.ts'

/** What one phase of a load should do: it ends at whichever bound comes first. */
export interface SendPhase {
  /** Messages to send. */
  readonly messageCountMax: number
  readonly durationMs: number
  /** Messages a second, on a schedule; undefined sends as fast as acks come back. */
  readonly ratePerSecond: number | undefined
  /** Whether bodies begin with the time from which their latency counts. */
  readonly isBodyStamped: boolean
  /** How it waits by a schedule: acks are read late after a nap. @default spin */
  readonly waiting?: Waiting | undefined
  readonly latencies: LatencyLog
  readonly onProgress: OnProgress
}

/** A phase in progress. */
interface RunningPhase {
  readonly phase: SendPhase
  readonly meter: LoadMeter
  readonly pace: Pace | undefined
  readonly requestCountMax: number
  readonly endMs: number
  readonly done: Deferred<void>
  sentCount: number
  /** Everything was sent; what is in flight may still be answered. */
  isOver: boolean
}

/** Sends over many connections at once, in phases: a warm-up, a measurement. */
export class SendLoad implements SendLaneOwner {
  readonly #lanes: SendLane[] = []
  readonly #batchCount: number
  readonly #bytesPerRequest: number
  #running: RunningPhase | undefined
  #failure: Error | undefined
  #laneIndex = 0

  private constructor(batchCount: number, bodyBytes: number) {
    this.#batchCount = batchCount
    this.#bytesPerRequest = batchCount * bodyBytes
  }

  /** Connects one lane for each of `shapes`. @throws {RemotingError} `REMOTING_CONNECT_FAILED` */
  static async open(shapes: readonly SendLaneShape[]): Promise<SendLoad> {
    const { batchCount = 1, bodyBytes = 0 } = shapes[0] ?? {}
    const load = new SendLoad(batchCount, bodyBytes)
    const keys = new UniqueKeys(Date.now(), 1)
    try {
      for (const shape of shapes) load.#lanes.push(await SendLane.open(shape, keys, load))
    } catch (error) {
      load.close()
      throw error
    }
    return load
  }

  /** Runs one phase until its last ack. @throws {LoadError} {@link LoadMeter}'s codes */
  async run(phase: SendPhase): Promise<LoadFigures> {
    if (this.#failure !== undefined) throw this.#failure
    const done = deferred<void>()
    const meter = new LoadMeter(phase.latencies, phase.onProgress, done.reject)
    const running = this.#begin(phase, meter, done)
    this.#running = running
    if (running.pace === undefined) for (const lane of this.#lanes) this.onAcks(lane)
    else this.#sendDue(running, running.pace)
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

  onAck(code: number, remark: string, sinceMs: number, nowMs: number): void {
    const meter = this.#running?.meter
    if (code === 0) meter?.record(this.#batchCount, this.#bytesPerRequest, sinceMs, nowMs)
    else meter?.refuse(code, remark, nowMs)
  }

  onAcks(lane: SendLane): void {
    const running = this.#running
    if (running === undefined) return
    if (running.pace === undefined) this.#refill(lane, running)
    this.#endWhenAnswered(running)
  }

  onFailure(error: Error): void {
    this.#failure ??= error
    this.#running?.done.reject(error)
  }

  #begin(phase: SendPhase, meter: LoadMeter, done: Deferred<void>): RunningPhase {
    const { ratePerSecond, messageCountMax, durationMs, waiting } = phase
    const startMs = performance.now()
    const requestRate = ratePerSecond === undefined ? undefined : ratePerSecond / this.#batchCount
    return {
      phase,
      meter,
      done,
      pace: requestRate === undefined ? undefined : new Pace(requestRate, startMs, waiting),
      requestCountMax: Math.ceil(messageCountMax / this.#batchCount),
      endMs: startMs + durationMs,
      sentCount: 0,
      isOver: false,
    }
  }

  /** Puts everything in flight that a lane can hold. */
  #refill(lane: SendLane, running: RunningPhase): void {
    const nowMs = performance.now()
    const wallMs = Date.now()
    const stamp = running.phase.isBodyStamped ? 'stamp-body' : 'plain-body'
    while (!lane.isFull && this.#hasMore(running, nowMs)) {
      lane.send(nowMs, wallMs, stamp)
      running.sentCount += 1
    }
    lane.flush()
  }

  /** Sends what is due by the schedule, as far as the lanes have room, and comes back in time. */
  #sendDue(running: RunningPhase, pace: Pace): void {
    if (this.#running !== running) return
    const nowMs = performance.now()
    const wallMs = Date.now()
    const stamp = running.phase.isBodyStamped ? 'stamp-body' : 'plain-body'
    while (pace.nextMs <= nowMs && this.#hasMore(running, pace.nextMs)) {
      const lane = this.#nextFreeLane()
      if (lane === undefined) break
      lane.send(pace.nextMs, wallMs, stamp)
      running.sentCount += 1
      pace.advance()
    }
    for (const lane of this.#lanes) lane.flush()
    if (this.#hasMore(running, pace.nextMs)) pace.wait(nowMs, () => this.#sendDue(running, pace))
    else this.#endWhenAnswered(running)
  }

  #nextFreeLane(): SendLane | undefined {
    for (let tried = 0; tried < this.#lanes.length; tried++) {
      const lane = this.#lanes[this.#laneIndex]!
      this.#laneIndex = (this.#laneIndex + 1) % this.#lanes.length
      if (!lane.isFull) return lane
    }
    return undefined
  }

  /** Whether a request that would start at `startMs` is still to be sent. */
  #hasMore(running: RunningPhase, startMs: number): boolean {
    running.isOver ||= running.sentCount >= running.requestCountMax || startMs >= running.endMs
    return !running.isOver
  }

  #endWhenAnswered(running: RunningPhase): void {
    if (running.isOver && this.#inFlightCount() === 0) running.done.resolve()
  }

  #inFlightCount(): number {
    let count = 0
    for (const lane of this.#lanes) count += lane.inFlightCount
    return count
  }
}
