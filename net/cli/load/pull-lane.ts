import type { Socket } from 'node:net'
import { assert } from '../../../engine/base/assert.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { closeLaneSocket, type LaneOwner, openLaneSocket } from './lane-socket.ts'
import { OpaqueSlots } from './opaque-slots.ts'
import { type PullShape, PullTemplate } from './pull-template.ts'
import { isQueueEnd, ResponseHeader, readNextBeginOffset } from './response-header.ts'
import { ResponseSplitter } from './response-splitter.ts'

/** Who is told what becomes of the pulls. */
export interface PullLaneOwner {
  /** One pull was answered: with how many messages, and how many bytes of records. */
  onPulled(messageCount: number, bytes: number, sinceMs: number, nowMs: number): void
  /** A pull was answered with a code that means neither messages nor the end of the queue. */
  onRefusal(code: number, remark: string): void
  /** Whether a lane goes on pulling. */
  isPulling(): boolean
  onFailure(error: Error): void
}

/** One reader of a queue: it goes from `minOffset` to the end and begins again. */
export interface PullCursorShape extends PullShape {
  readonly minOffset: number
  /** Where this reader begins: readers of one queue are spread over it. */
  readonly startOffset: number
}

interface PullCursor {
  readonly template: PullTemplate
  readonly minOffset: number
  queueOffset: number
  sinceMs: number
}

/** One connection that pulls, with one pull in flight for each of its cursors. */
export class PullLane implements LaneOwner {
  readonly #owner: PullLaneOwner
  readonly #cursors: readonly PullCursor[]
  readonly #slots: OpaqueSlots
  readonly #header = new ResponseHeader()
  readonly #splitter: ResponseSplitter
  #readMs = 0
  #socket: Socket | undefined

  private constructor(shapes: readonly PullCursorShape[], owner: PullLaneOwner) {
    this.#owner = owner
    this.#cursors = shapes.map((shape) => ({
      template: new PullTemplate(shape),
      minOffset: shape.minOffset,
      queueOffset: shape.startOffset,
      sinceMs: 0,
    }))
    this.#slots = new OpaqueSlots(shapes.length)
    this.#splitter = new ResponseSplitter((buffer, start, end, bodyBytes) => {
      this.#onHeader(buffer, start, end, bodyBytes)
    })
  }

  /** Connects a lane. @throws {RemotingError} `REMOTING_CONNECT_FAILED` */
  static async open(
    address: string,
    shapes: readonly PullCursorShape[],
    owner: PullLaneOwner,
  ): Promise<PullLane> {
    assert(shapes.length > 0, 'a lane has queues to pull from')
    const lane = new PullLane(shapes, owner)
    lane.#socket = await openLaneSocket(address, lane)
    return lane
  }

  get inFlightCount(): number {
    return this.#slots.takenCount
  }

  /** Puts a pull of every cursor in flight. */
  pull(): void {
    const nowMs = performance.now()
    while (!this.#slots.isFull) this.#pullNext(nowMs)
  }

  onBytes(received: Buffer, length: number): void {
    this.#readMs = performance.now()
    this.#splitter.feed(received, length)
    if (!this.#owner.isPulling()) return
    this.pull()
  }

  onFailure(error: Error): void {
    this.#owner.onFailure(error)
  }

  close(): void {
    if (this.#socket !== undefined) closeLaneSocket(this.#socket)
  }

  #pullNext(nowMs: number): void {
    const slot = this.#slots.take()
    const cursor = this.#cursors[slot]!
    cursor.sinceMs = nowMs
    this.#socket?.write(cursor.template.frame(this.#slots.opaqueOf(slot), cursor.queueOffset))
  }

  #onHeader(buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    const header = this.#header
    header.read(buffer, start, end)
    const slot = this.#slots.release(header.opaque)
    // What a broker pushes to its clients has an opaque of its own and is no answer.
    if (slot === -1) return
    const cursor = this.#cursors[slot]!
    const nextOffset = readNextBeginOffset(buffer, start, end)
    if (header.code === ResponseCode.SUCCESS && nextOffset > cursor.queueOffset) {
      const messageCount = nextOffset - cursor.queueOffset
      cursor.queueOffset = nextOffset
      this.#owner.onPulled(messageCount, bodyBytes, cursor.sinceMs, this.#readMs)
    } else if (isQueueEnd(header.code)) {
      cursor.queueOffset = cursor.minOffset
    } else {
      this.#owner.onRefusal(header.code, header.remark)
    }
  }
}
