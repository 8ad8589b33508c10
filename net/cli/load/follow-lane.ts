import type { Socket } from 'node:net'
import { I64_BYTES } from '../../../engine/base/units.ts'
import {
  createRecordView,
  RecordVerdict,
  readRecord,
} from '../../../engine/format/record-decoder.ts'
import { PULL_SYS_FLAG } from '../../protocol/pull-message.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { type FrameSink, FrameSplitter, type RawFrame } from '../../remoting/frame-splitter.ts'
import { LoadError } from './errors.ts'
import { closeLaneSocket, type LaneOwner, openLaneSocket } from './lane-socket.ts'
import type { LoadTarget } from './load-target.ts'
import { fromMachineMs } from './machine-clock.ts'
import { OpaqueSlots } from './opaque-slots.ts'
import { PullTemplate } from './pull-template.ts'
import { isQueueEnd, ResponseHeader, readNextBeginOffset } from './response-header.ts'

/** Who is told what arrives. */
export interface FollowLaneOwner {
  /** A message arrived at `nowMs` whose body says that it counts from `sinceMs`. */
  onMessage(sinceMs: number, nowMs: number): void
  onFailure(error: Error): void
}

/** What is followed: all queues that the topic has on one broker, from their ends on. */
export interface FollowShape {
  readonly target: LoadTarget
  readonly topic: string
  readonly consumerGroup: string
  readonly messageCountPerPull: number
}

interface FollowedQueue {
  readonly template: PullTemplate
  queueOffset: number
}

/** As the Java client's consumers ask. */
const SUSPEND_MS = 15_000
const FRAME_BYTES_MAX = 64 * 1024 * 1024
const STRUCTURE_ONLY = { checkCrc: false } as const

/** One connection that waits for messages by long polling, one pull for each queue. */
export class FollowLane implements LaneOwner, FrameSink {
  readonly #owner: FollowLaneOwner
  readonly #queues: readonly FollowedQueue[]
  readonly #slots: OpaqueSlots
  readonly #splitter = new FrameSplitter(this, FRAME_BYTES_MAX)
  readonly #header = new ResponseHeader()
  readonly #view = createRecordView()
  #readMs = 0
  #isClosed = false
  #socket: Socket | undefined

  private constructor(queues: readonly FollowedQueue[], owner: FollowLaneOwner) {
    this.#owner = owner
    this.#queues = queues
    this.#slots = new OpaqueSlots(queues.length)
  }

  /** Connects and waits behind the newest message of every queue. */
  static async open(shape: FollowShape, owner: FollowLaneOwner): Promise<FollowLane> {
    const { target, topic, consumerGroup, messageCountPerPull } = shape
    const { brokerName, control, queueCount } = target
    const queues: FollowedQueue[] = []
    for (let queueId = 0; queueId < queueCount; queueId++) {
      const template = new PullTemplate({
        topic,
        brokerName,
        queueId,
        consumerGroup,
        messageCountMax: messageCountPerPull,
        sysFlag: PULL_SYS_FLAG.SUBSCRIPTION | PULL_SYS_FLAG.SUSPEND,
        suspendMs: SUSPEND_MS,
      })
      queues.push({ template, queueOffset: await control.maxOffset(topic, queueId) })
    }
    const lane = new FollowLane(queues, owner)
    lane.#socket = await openLaneSocket(control.address, lane)
    lane.#pull()
    return lane
  }

  onBytes(received: Buffer, length: number): void {
    this.#readMs = performance.now()
    this.#splitter.feed(received, length)
    if (!this.#isClosed) this.#pull()
  }

  onFailure(error: Error): void {
    this.#owner.onFailure(error)
  }

  onFrame(frame: RawFrame): boolean {
    const { buffer, headerStart, headerEnd, bodyEnd } = frame
    const header = this.#header
    header.read(buffer, headerStart, headerEnd)
    const slot = this.#slots.release(header.opaque)
    // What a broker pushes to its clients has an opaque of its own and is no answer.
    if (slot === -1) return true
    const queue = this.#queues[slot]!
    if (header.code === ResponseCode.SUCCESS) this.#readRecords(buffer, headerEnd, bodyEnd)
    else if (!isQueueEnd(header.code)) throw refused(header.code, header.remark)
    queue.queueOffset = readNextBeginOffset(buffer, headerStart, headerEnd)
    return true
  }

  close(): void {
    this.#isClosed = true
    if (this.#socket !== undefined) closeLaneSocket(this.#socket)
  }

  #pull(): void {
    while (!this.#slots.isFull) {
      const slot = this.#slots.take()
      const { template, queueOffset } = this.#queues[slot]!
      this.#socket?.write(template.frame(this.#slots.opaqueOf(slot), queueOffset))
    }
  }

  #readRecords(buffer: Buffer, start: number, end: number): void {
    const view = this.#view
    for (let at = start; at < end; at += view.totalBytes) {
      const verdict = readRecord(buffer, at, end, view, STRUCTURE_ONLY)
      if (verdict !== RecordVerdict.WHOLE) {
        throw new LoadError('LOAD_REFUSED', `the broker answers a pull with no record: ${verdict}`)
      }
      if (view.bodyEnd - view.bodyStart < I64_BYTES) continue
      this.#owner.onMessage(fromMachineMs(buffer.readDoubleBE(view.bodyStart)), this.#readMs)
    }
  }
}

function refused(code: number, remark: string): LoadError {
  return new LoadError('LOAD_REFUSED', `the broker answers a pull with code ${code}: ${remark}`)
}
