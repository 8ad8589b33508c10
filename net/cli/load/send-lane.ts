import type { Socket } from 'node:net'
import { assert } from '../../../engine/base/assert.ts'
import { closeLaneSocket, type LaneOwner, openLaneSocket } from './lane-socket.ts'
import { toMachineMs } from './machine-clock.ts'
import { OpaqueSlots } from './opaque-slots.ts'
import { ResponseHeader } from './response-header.ts'
import { ResponseSplitter } from './response-splitter.ts'
import {
  createSendTemplate,
  type SendShape,
  type SendTemplate,
  stampSend,
  stampTopic,
} from './send-template.ts'
import { TopicTurns } from './topic-turns.ts'
import type { UniqueKeys } from './unique-keys.ts'

/** Who is told what becomes of the sends. */
export interface SendLaneOwner {
  /** `sinceMs` is what {@link SendLane.send} was given; code 0 is success. */
  onAck(code: number, remark: string, sinceMs: number, nowMs: number): void
  /** All acks of one read were handed over: the moment to send more. */
  onAcks(lane: SendLane): void
  onFailure(error: Error): void
}

/** What a lane sends, and where to. */
export interface SendLaneShape extends Omit<SendShape, 'queueId'> {
  readonly address: string
  /** The slots send to these in turn. */
  readonly queueIds: readonly number[]
  readonly slotCount: number
  /** Number of the topic that the first send goes to; the next ones follow in turn. */
  readonly firstTopic: number
}

/**
 * One connection that sends. Each slot owns a frame in one arena, built once and patched in place:
 *
 *   arena  | frame of slot 0 | frame of slot 1 | frame of slot 2 | …
 *          frameAt[0]        frameAt[1]        frameAt[2]
 *
 * A slot is free again when its ack arrives, and then its bytes have left for sure. Slots that were
 * taken in a row leave in one write.
 */
export class SendLane implements LaneOwner {
  readonly #owner: SendLaneOwner
  readonly #keys: UniqueKeys
  readonly #slots: OpaqueSlots
  readonly #templates: readonly SendTemplate[]
  readonly #frameAt: Int32Array
  readonly #arena: Buffer
  readonly #sinceMs: Float64Array
  readonly #topicCount: number
  readonly #topicTurns: TopicTurns
  readonly #header = new ResponseHeader()
  readonly #splitter: ResponseSplitter
  /** Slots that were taken since the last write: `runStart <= slot < runEnd`. */
  #runStart = 0
  #runEnd = 0
  #readMs = 0
  #socket: Socket | undefined

  private constructor(shape: SendLaneShape, keys: UniqueKeys, owner: SendLaneOwner) {
    const { slotCount, queueIds } = shape
    this.#owner = owner
    this.#keys = keys
    this.#slots = new OpaqueSlots(slotCount)
    const byQueue = queueIds.map((queueId) => createSendTemplate({ ...shape, queueId }, keys))
    this.#templates = Array.from({ length: slotCount }, (_, slot) => {
      return byQueue[slot % byQueue.length]!
    })
    this.#frameAt = new Int32Array(slotCount + 1)
    this.#templates.forEach(({ frame }, slot) => {
      this.#frameAt[slot + 1] = this.#frameAt[slot]! + frame.length
    })
    this.#arena = Buffer.concat(this.#templates.map(({ frame }) => frame))
    this.#sinceMs = new Float64Array(slotCount)
    this.#topicCount = shape.topics.count
    this.#topicTurns = new TopicTurns(shape.topics.count, queueIds.length, shape.firstTopic)
    this.#splitter = new ResponseSplitter((buffer, start, end) =>
      this.#onHeader(buffer, start, end),
    )
  }

  /** Connects a lane. @throws {RemotingError} `REMOTING_CONNECT_FAILED` */
  static async open(
    shape: SendLaneShape,
    keys: UniqueKeys,
    owner: SendLaneOwner,
  ): Promise<SendLane> {
    assert(shape.queueIds.length > 0, 'a lane has queues to send to')
    const lane = new SendLane(shape, keys, owner)
    lane.#socket = await openLaneSocket(shape.address, lane)
    return lane
  }

  get isFull(): boolean {
    return this.#slots.isFull
  }

  get inFlightCount(): number {
    return this.#slots.takenCount
  }

  /**
   * Sends one request with the next {@link flush}. The caller has seen that the lane is not full.
   * @param sinceMs from when its latency counts
   * @param stamp writes a time into the begin of the body
   */
  send(sinceMs: number, wallMs: number, stamp: 'stamp-body' | 'plain-body'): void {
    const slot = this.#slots.take()
    this.#sinceMs[slot] = sinceMs
    const frameAt = this.#frameAt[slot]!
    const template = this.#templates[slot]!
    const opaque = this.#slots.opaqueOf(slot)
    stampSend(this.#arena, frameAt, template, opaque, wallMs, this.#keys)
    if (this.#topicCount > 1) {
      stampTopic(this.#arena, frameAt, template, this.#topicTurns.take())
    }
    if (stamp === 'stamp-body')
      this.#arena.writeDoubleBE(toMachineMs(sinceMs), frameAt + template.bodyAt)
    if (slot !== this.#runEnd) {
      this.#writeRun()
      this.#runStart = slot
    }
    this.#runEnd = slot + 1
  }

  /** Writes everything that was sent since the last time. */
  flush(): void {
    this.#writeRun()
    this.#runStart = this.#runEnd
    if (this.#socket?.writableCorked) this.#socket.uncork()
  }

  onBytes(received: Buffer, length: number): void {
    this.#readMs = performance.now()
    this.#splitter.feed(received, length)
    this.#owner.onAcks(this)
  }

  onFailure(error: Error): void {
    this.#owner.onFailure(error)
  }

  close(): void {
    if (this.#socket !== undefined) closeLaneSocket(this.#socket)
  }

  #writeRun(): void {
    if (this.#runStart === this.#runEnd) return
    const socket = this.#socket
    assert(socket !== undefined, 'a lane sends when it is connected')
    if (socket.writableCorked === 0) socket.cork()
    socket.write(this.#arena.subarray(this.#frameAt[this.#runStart], this.#frameAt[this.#runEnd]))
  }

  #onHeader(buffer: Buffer, start: number, end: number): void {
    const header = this.#header
    header.read(buffer, start, end)
    const slot = this.#slots.release(header.opaque)
    // What a broker pushes to its clients has an opaque of its own and is no answer.
    if (slot === -1) return
    this.#owner.onAck(header.code, header.remark, this.#sinceMs[slot]!, this.#readMs)
  }
}
