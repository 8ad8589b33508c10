import type { Socket } from 'node:net'
import { assert } from '../../../engine/base/assert.ts'
import { writeDecimal } from '../../../net/cli/load/fixed-digits.ts'
import {
  closeLaneSocket,
  type LaneOwner,
  openLaneSocket,
} from '../../../net/cli/load/lane-socket.ts'
import { OPAQUE_DIGITS, OPAQUE_FIRST, OpaqueSlots } from '../../../net/cli/load/opaque-slots.ts'
import { ResponseHeader } from '../../../net/cli/load/response-header.ts'
import { ResponseSplitter } from '../../../net/cli/load/response-splitter.ts'
import { encodeHeaderFields } from '../../../net/protocol/header-table.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { GetRouteInfoRequestHeader } from '../../../net/protocol/topic-route.ts'
import { encodeFrame } from '../../../net/remoting/command-codec.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'

/** Who is told what becomes of the queries. */
export interface RouteLaneOwner {
  onAnswer(code: number, remark: string, bodyBytes: number, sinceMs: number, nowMs: number): void
  /** Whether a lane goes on asking. */
  isAsking(): boolean
  onFailure(error: Error): void
}

/** One connection to a name server that asks for a topic's route again and again. */
export class RouteLane implements LaneOwner {
  readonly #owner: RouteLaneOwner
  readonly #slots: OpaqueSlots
  /** A slot's frame is sent again only when it was answered, so its bytes have left. */
  readonly #frames: readonly Buffer[]
  readonly #opaqueAt: number
  readonly #sinceMs: Float64Array
  readonly #header = new ResponseHeader()
  readonly #splitter: ResponseSplitter
  #readMs = 0
  #socket: Socket | undefined

  private constructor(topic: string, inFlight: number, owner: RouteLaneOwner) {
    this.#owner = owner
    this.#slots = new OpaqueSlots(inFlight)
    this.#sinceMs = new Float64Array(inFlight)
    const frame = routeFrame(topic)
    this.#opaqueAt = frame.lastIndexOf(String(OPAQUE_FIRST))
    assert(this.#opaqueAt !== -1, 'a request has an opaque')
    this.#frames = Array.from({ length: inFlight }, () => Buffer.from(frame))
    this.#splitter = new ResponseSplitter((buffer, start, end, bodyBytes) => {
      this.#onHeader(buffer, start, end, bodyBytes)
    })
  }

  /** Connects a lane. @throws {RemotingError} `REMOTING_CONNECT_FAILED` */
  static async open(
    address: string,
    topic: string,
    inFlight: number,
    owner: RouteLaneOwner,
  ): Promise<RouteLane> {
    const lane = new RouteLane(topic, inFlight, owner)
    lane.#socket = await openLaneSocket(address, lane)
    return lane
  }

  get inFlightCount(): number {
    return this.#slots.takenCount
  }

  /** Puts as many queries in flight as may be. */
  ask(): void {
    const nowMs = performance.now()
    this.#socket?.cork()
    while (!this.#slots.isFull) {
      const slot = this.#slots.take()
      const frame = this.#frames[slot]!
      writeDecimal(frame, this.#opaqueAt, OPAQUE_DIGITS, this.#slots.opaqueOf(slot))
      this.#sinceMs[slot] = nowMs
      this.#socket?.write(frame)
    }
    this.#socket?.uncork()
  }

  onBytes(received: Buffer, length: number): void {
    this.#readMs = performance.now()
    this.#splitter.feed(received, length)
    if (this.#owner.isAsking()) this.ask()
  }

  onFailure(error: Error): void {
    this.#owner.onFailure(error)
  }

  close(): void {
    if (this.#socket !== undefined) closeLaneSocket(this.#socket)
  }

  #onHeader(buffer: Buffer, start: number, end: number, bodyBytes: number): void {
    const header = this.#header
    header.read(buffer, start, end)
    const slot = this.#slots.release(header.opaque)
    if (slot === -1) return
    this.#owner.onAnswer(header.code, header.remark, bodyBytes, this.#sinceMs[slot]!, this.#readMs)
  }
}

/** GET_ROUTEINFO_BY_TOPIC (105) as the Java client sends it. */
function routeFrame(topic: string): Buffer {
  const extFields = encodeHeaderFields(GetRouteInfoRequestHeader, {
    topic,
    acceptStandardJsonOnly: undefined,
  })
  const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { extFields })
  return encodeFrame({ ...request, language: 'JAVA', opaque: OPAQUE_FIRST })
}
