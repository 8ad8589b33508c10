/**
 * The few fields of a response's JSON header that a load generator looks at, found by their bytes:
 *
 *   {"code":0,"extFields":{…},"flag":1,"language":"JAVA","opaque":1000005,"serialize…"}
 *    ^ first                                           ^ as far from the end as in the last one
 *
 * A header that looks otherwise is parsed as JSON, so the shortcut decides nothing but the cost.
 */
import { ResponseCode } from '../../protocol/response-code.ts'
import { decodeHeaderJson } from '../../remoting/header-json.ts'
import { readDecimal, readDecimalRun } from './fixed-digits.ts'
import { OPAQUE_DIGITS } from './opaque-slots.ts'

const CODE_0 = Buffer.from('{"code":0,')
const OPAQUE = Buffer.from('"opaque":')
const NEXT_BEGIN_OFFSET = Buffer.from('"nextBeginOffset":"')

/** Reads the headers of one connection. */
export class ResponseHeader {
  code = 0
  opaque = 0
  /** What went wrong, for a person; empty with code 0. */
  remark = ''
  #opaqueFromEnd = 0

  /** Reads the header at `start..end`. @throws {RemotingError} `REMOTING_HEADER_INVALID` */
  read(buffer: Buffer, start: number, end: number): void {
    if (!startsWith(buffer, start, end, CODE_0) || !this.#readOpaque(buffer, start, end)) {
      this.#parse(buffer, start, end)
      return
    }
    this.code = 0
    this.remark = ''
  }

  #readOpaque(buffer: Buffer, start: number, end: number): boolean {
    const at = end - this.#opaqueFromEnd
    if (!startsWith(buffer, at - OPAQUE.length, at, OPAQUE) || at - OPAQUE.length < start) {
      const found = findLast(buffer, start, end, OPAQUE)
      if (found === -1) return false
      this.#opaqueFromEnd = end - found - OPAQUE.length
    }
    this.opaque = readDecimal(buffer, end - this.#opaqueFromEnd, OPAQUE_DIGITS)
    return this.opaque !== -1
  }

  #parse(buffer: Buffer, start: number, end: number): void {
    const header = decodeHeaderJson(buffer, start, end)
    this.code = header.code
    this.opaque = header.opaque
    this.remark = header.remark ?? ''
  }
}

/** `nextBeginOffset` of a pull response's header at `start..end`, or -1 without one. */
export function readNextBeginOffset(buffer: Buffer, start: number, end: number): number {
  const at = findLast(buffer, start, end, NEXT_BEGIN_OFFSET)
  return at === -1 ? -1 : readDecimalRun(buffer, at + NEXT_BEGIN_OFFSET.length, end)
}

/** Whether a pull was answered with "nothing there": the queue's end, or a begin that has moved. */
export function isQueueEnd(code: number): boolean {
  return (
    code === ResponseCode.PULL_NOT_FOUND ||
    code === ResponseCode.PULL_RETRY_IMMEDIATELY ||
    code === ResponseCode.PULL_OFFSET_MOVED
  )
}

function startsWith(buffer: Buffer, start: number, end: number, text: Buffer): boolean {
  if (end - start < text.length) return false
  for (let index = 0; index < text.length; index++) {
    if (buffer[start + index] !== text[index]) return false
  }
  return true
}

function findLast(buffer: Buffer, start: number, end: number, text: Buffer): number {
  for (let at = end - text.length; at >= start; at--) {
    if (startsWith(buffer, at, end, text)) return at
  }
  return -1
}
