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

/** A queue of a reader, which goes from `minOffset` to `endOffset` and begins again. */
export interface PulledQueueShape extends PullShape {
  readonly minOffset: number
  /** Behind the last message that was there when the load began. */
  readonly endOffset: number
  /** Where this reader begins: readers of one queue are spread over it. */
  readonly startOffset: number
}

interface PulledQueue {
  readonly template: PullTemplate
  readonly minOffset: number
  readonly endOffset: number
  queueOffset: number
}

/** It pulls from its queues in turn. */
interface Reader {
  readonly queues: readonly PulledQueue[]
  index: number
  sinceMs: number
}

/** One connection that pulls, with one pull in flight for each of its readers. */
export class PullLane implements LaneOwner {
  readonly #owner: PullLaneOwner
  readonly #readers: readonly Reader[]
  readonly #slots: OpaqueSlots
  readonly #header = new ResponseHeader()
  readonly #splitter: ResponseSplitter
  #readMs = 0
  #socket: Socket | undefined

  private constructor(readers: readonly (readonly PulledQueueShape[])[], owner: PullLaneOwner) {
    this.#owner = owner
    this.#readers = readers.map((shapes) => ({
      queues: shapes.map(createPulledQueue),
      index: 0,
      sinceMs: 0,
    }))
    this.#slots = new OpaqueSlots(readers.length)
    this.#splitter = new ResponseSplitter((buffer, start, end, bodyBytes) => {
      this.#onHeader(buffer, start, end, bodyBytes)
    })
  }

  /** Connects a lane. @throws {RemotingError} `REMOTING_CONNECT_FAILED` */
  static async open(
    address: string,
    readers: readonly (readonly PulledQueueShape[])[],
    owner: PullLaneOwner,
  ): Promise<PullLane> {
    assert(readers.length > 0, 'a lane has readers')
    for (const shapes of readers) assert(shapes.length > 0, 'a reader has queues to pull from')
    const lane = new PullLane(readers, owner)
    lane.#socket = await openLaneSocket(address, lane)
    return lane
  }

  get inFlightCount(): number {
    return this.#slots.takenCount
  }

  /** Puts a pull of every reader in flight. */
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
    const reader = this.#readers[slot]!
    const { template, queueOffset } = reader.queues[reader.index]!
    reader.sinceMs = nowMs
    this.#socket?.write(template.frame(this.#slots.opaqueOf(slot), queueOffset))
  }

  #onHeader(buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    const header = this.#header
    header.read(buffer, start, end)
    const slot = this.#slots.release(header.opaque)
    // What a broker pushes to its clients has an opaque of its own and is no answer.
    if (slot === -1) return
    const reader = this.#readers[slot]!
    const queue = reader.queues[reader.index]!
    reader.index = reader.index + 1 === reader.queues.length ? 0 : reader.index + 1
    const nextOffset = readNextBeginOffset(buffer, start, end)
    if (header.code === ResponseCode.SUCCESS && nextOffset > queue.queueOffset) {
      const messageCount = nextOffset - queue.queueOffset
      queue.queueOffset = nextOffset < queue.endOffset ? nextOffset : queue.minOffset
      this.#owner.onPulled(messageCount, bodyBytes, reader.sinceMs, this.#readMs)
    } else if (isQueueEnd(header.code)) {
      queue.queueOffset = queue.minOffset
    } else {
      this.#owner.onRefusal(header.code, header.remark)
    }
  }
}

function createPulledQueue(shape: PulledQueueShape): PulledQueue {
  const { minOffset, endOffset, startOffset } = shape
  return { template: new PullTemplate(shape), minOffset, endOffset, queueOffset: startOffset }
}
