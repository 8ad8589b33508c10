/**
 * Answers pulls: the header built in place, the records from where they lie in the log.
 */
import type { LogSegment } from '../../../engine/log/log-segment.ts'
import type { GetResult } from '../../../engine/store/get-result.ts'
import { GetStatus } from '../../../engine/store/get-status.ts'
import { asciiBytes } from '../../protocol/byte-codes.ts'
import {
  buildPullResponseHead,
  PULL_RESPONSE_HEAD_BYTES_MAX,
  PullResponseValues,
} from '../../protocol/pull-response-builder.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { Pull } from './pull-request.ts'

type AnsweredStatus = Exclude<GetStatus, 'COLD'>

const REMARKS = Object.fromEntries(
  Object.values(GetStatus).map((status) => [status, asciiBytes(status)]),
) as Readonly<Record<GetStatus, Uint8Array>>

const CODES: Readonly<Record<AnsweredStatus, number>> = {
  FOUND: ResponseCode.SUCCESS,
  NO_MATCHED_MESSAGE: ResponseCode.PULL_RETRY_IMMEDIATELY,
  MESSAGE_WAS_REMOVING: ResponseCode.PULL_RETRY_IMMEDIATELY,
  OFFSET_FOUND_NULL: ResponseCode.PULL_NOT_FOUND,
  OFFSET_OVERFLOW_ONE: ResponseCode.PULL_NOT_FOUND,
  OFFSET_OVERFLOW_BADLY: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_TOO_SMALL: ResponseCode.PULL_OFFSET_MOVED,
  OFFSET_RESET: ResponseCode.PULL_OFFSET_MOVED,
  NO_MATCHED_LOGIC_QUEUE: ResponseCode.PULL_NOT_FOUND,
  NO_MESSAGE_IN_QUEUE: ResponseCode.PULL_NOT_FOUND,
}

/** The response code for a status (PullMessageProcessor.composeResponseHeader). */
export function pullResponseCode(status: GetStatus, askedOffset: number): number {
  if (status === GetStatus.COLD) return ResponseCode.SYSTEM_ERROR
  const isEmptyQueue =
    status === GetStatus.NO_MATCHED_LOGIC_QUEUE || status === GetStatus.NO_MESSAGE_IN_QUEUE
  if (isEmptyQueue && askedOffset !== 0) return ResponseCode.PULL_OFFSET_MOVED
  return CODES[status]
}

/** A stretch of a segment that a connection has not sent yet. */
interface Loan {
  readonly segment: LogSegment
  readonly connection: Connection
}

export class PullResponder {
  readonly #values = new PullResponseValues()
  readonly #loans = new Set<Loan>()

  answer(pull: Pull, result: GetResult, code: number): void {
    const values = this.#values
    values.serializeType = pull.serializeType
    values.code = code
    values.opaque = pull.opaque
    values.remark = REMARKS[result.status]
    values.nextBeginOffset = result.nextBeginOffset
    values.minOffset = result.minOffset
    values.maxOffset = result.maxOffset
    values.bodyBytes = code === ResponseCode.SUCCESS ? result.totalBytes : 0
    const { connection } = pull
    const reservation = connection.reserve(PULL_RESPONSE_HEAD_BYTES_MAX + values.remark.length)
    const end = buildPullResponseHead(values, reservation.buffer, reservation.at)
    connection.commit(end - reservation.at)
    if (values.bodyBytes > 0) this.#sendRecords(connection, result)
  }

  /** Ends every connection that still has to send something of a segment, which is to go. */
  endReadersOf(segment: LogSegment): void {
    const readers = new Set(
      [...this.#loans].filter((loan) => loan.segment === segment).map((loan) => loan.connection),
    )
    for (const connection of readers) {
      connection.cut('REMOTING_OUTPUT_STALLED', 'what it asked for and did not take has expired')
    }
  }

  #sendRecords(connection: Connection, { slices }: GetResult): void {
    for (let first = 0; first < slices.length; ) {
      const { segment } = slices[first]!
      let end = first + 1
      while (slices[end]?.segment === segment) end += 1
      const onSent = this.#lend(segment, connection)
      connection.appendParts(segment.region.bytes, slices, first, end, onSent)
      first = end
    }
  }

  /** @returns what ends the loan */
  #lend(segment: LogSegment, connection: Connection): () => void {
    const { region } = segment
    region.retain()
    const loan = { segment, connection }
    this.#loans.add(loan)
    return () => {
      this.#loans.delete(loan)
      region.release()
    }
  }
}
