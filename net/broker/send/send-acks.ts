/**
 * Acknowledgements that wait: for the turn's write, or for the flush that covers the message. One
 * sweep answers everyone whom a watermark has passed; nothing is allocated for a message.
 */
import type { OffsetWaiter } from '../../../engine/log/waiter-ring.ts'
import { WaiterRing } from '../../../engine/log/waiter-ring.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  SendResponseBuilder,
  type SendResponseConstants,
  SendResponseValues,
} from '../../protocol/send-response-builder.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { connectionState } from '../connection-state.ts'

/** A unique key is copied, since the request's bytes are gone by then. Longer ones are left out. */
const UNIQUE_KEY_BYTES_MAX = 256

/** What an ack of a single message says of a batch. */
export const NO_BATCH: readonly number[] = []

/** One message, or one batch, that was appended and is not acknowledged yet. */
export interface PendingAck extends OffsetWaiter {
  connection: Connection | undefined
  serializeType: number
  opaque: number
  queueId: number
  queueOffset: number
  physicalOffset: number
  readonly uniqueKey: Buffer
  uniqueKeyBytes: number
  /** It is known to stand in JSON as it is. */
  isPlainKey: boolean
  /** Physical offsets of a batch's messages; empty for a single message. */
  batchOffsets: readonly number[]
  /** When it began to wait for the disk, and for how long it may, in ms. */
  parkedAtMs: number
  deadlineMs: number
  /** Bytes that its connection has to wait for; 0 when it waits for no disk. */
  bytes: number
}

function makeSlot(): PendingAck {
  return {
    untilOffset: 0,
    connection: undefined,
    serializeType: 0,
    opaque: 0,
    queueId: 0,
    queueOffset: 0,
    physicalOffset: 0,
    uniqueKey: Buffer.alloc(UNIQUE_KEY_BYTES_MAX),
    uniqueKeyBytes: 0,
    isPlainKey: false,
    batchOffsets: NO_BATCH,
    parkedAtMs: 0,
    deadlineMs: 0,
    bytes: 0,
  }
}

export class SendAcks {
  /** Those who wait for the end of the turn. */
  readonly #written = new WaiterRing(makeSlot)
  /** Those who wait for the disk. */
  readonly #flushed = new WaiterRing(makeSlot)
  readonly #builder: SendResponseBuilder
  readonly #values = new SendResponseValues()
  readonly #acknowledge = (ack: PendingAck) => this.#answer(ack, ResponseCode.SUCCESS)
  readonly #acknowledgeSlow = (ack: PendingAck) => {
    this.#answer(ack, ResponseCode.FLUSH_DISK_TIMEOUT)
  }

  constructor(constants: SendResponseConstants) {
    this.#builder = new SendResponseBuilder(constants)
  }

  /** How many wait for the disk. */
  get flushWaiterCount(): number {
    return this.#flushed.count
  }

  /** Up to where the log has to be on the disk for all who wait for that; 0 when none does. */
  get flushWantedOffset(): number {
    return this.#flushed.newest()?.untilOffset ?? 0
  }

  /** How long the one that has waited longest for the disk has, in ms; 0 when none waits. */
  flushWaitMs(nowMs: number): number {
    const oldest = this.#flushed.oldest()
    return oldest === undefined ? 0 : Math.max(0, nowMs - oldest.parkedAtMs)
  }

  /** A place for one acknowledgement, for the caller to fill. */
  add(untilOffset: number, waitsForFlush: boolean): PendingAck {
    return (waitsForFlush ? this.#flushed : this.#written).add(untilOffset)
  }

  written(offset: number): void {
    this.#written.releaseUpTo(offset, this.#acknowledge)
  }

  flushed(offset: number): void {
    this.#flushed.releaseUpTo(offset, this.#acknowledge)
  }

  /** Answers those whose flush takes too long: the message is stored, its flush is not known. */
  expire(nowMs: number): void {
    for (;;) {
      const oldest = this.#flushed.oldest()
      if (oldest === undefined || oldest.deadlineMs > nowMs) return
      this.#flushed.releaseUpTo(oldest.untilOffset, this.#acknowledgeSlow)
    }
  }

  /** Answers everyone whose message is at or behind `fromOffset`: it is not stored. */
  fail(fromOffset: number, code: number, remark: string): void {
    const refuse = (ack: PendingAck) => this.#refuse(ack, code, remark)
    this.#written.releaseBeyond(fromOffset, refuse)
    this.#flushed.releaseBeyond(fromOffset, refuse)
  }

  #answer(ack: PendingAck, code: number): void {
    const connection = takeConnection(ack)
    if (connection === undefined) return
    const values = this.#values
    values.serializeType = ack.serializeType
    values.code = code
    values.opaque = ack.opaque
    values.queueId = ack.queueId
    values.queueOffset = ack.queueOffset
    values.physicalOffset = ack.physicalOffset
    values.batchOffsets = ack.batchOffsets
    values.transactionId = ack.uniqueKey
    values.transactionIdEnd = ack.uniqueKeyBytes
    values.isPlainTransactionId = ack.isPlainKey
    const { buffer, at } = connection.reserve(this.#builder.bytesMax(values))
    connection.commit(this.#builder.build(values, buffer, at) - at)
  }

  #refuse(ack: PendingAck, code: number, remark: string): void {
    takeConnection(ack)?.send(createResponse(requestOf(ack), code, { remark }))
  }
}

/** Whom to answer, who from now on waits for that much less. */
function takeConnection(ack: PendingAck): Connection | undefined {
  const { connection, bytes } = ack
  if (connection !== undefined && bytes > 0) connectionState(connection).waitingBytes -= bytes
  ack.connection = undefined
  ack.bytes = 0
  return connection
}

/** What a response needs to know of its request. */
function requestOf(ack: PendingAck): Pick<RemotingCommand, 'opaque' | 'serializeType'> {
  return { opaque: ack.opaque, serializeType: ack.serializeType === 0 ? 'JSON' : 'ROCKETMQ' }
}
