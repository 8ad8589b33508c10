import { I16_BYTES } from '../../engine/base/units.ts'
import { SERIALIZE_TYPE_JSON } from '../remoting/frame-format.ts'
import type { RawFrame } from '../remoting/frame-splitter.ts'
import { CODE_AT } from '../remoting/header-binary.ts'
import { asciiBytes, DIGIT_0, DIGIT_9 } from './byte-codes.ts'

const JSON_BEGIN = asciiBytes('{"code":')
const BASE = 10
const DIGIT_COUNT_MAX = 9

/** What {@link peekRequestCode} returns when the code is not where it usually is. */
export const CODE_UNKNOWN = -1

/**
 * The code of `frame` without reading its header, to choose a scanner: JSON headers begin with it
 * in every known client. {@link CODE_UNKNOWN} is for the generic codec. A response has a code too.
 */
export function peekRequestCode(frame: RawFrame): number {
  const { buffer, headerStart, headerEnd } = frame
  if (frame.serializeType !== SERIALIZE_TYPE_JSON) {
    if (headerEnd - headerStart < CODE_AT + I16_BYTES) return CODE_UNKNOWN
    return buffer.readInt16BE(headerStart + CODE_AT)
  }
  const codeAt = headerStart + JSON_BEGIN.length
  if (codeAt >= headerEnd) return CODE_UNKNOWN
  for (let index = 0; index < JSON_BEGIN.length; index += 1) {
    if (buffer[headerStart + index] !== JSON_BEGIN[index]) return CODE_UNKNOWN
  }
  let code = 0
  let at = codeAt
  while (at < headerEnd && buffer[at]! >= DIGIT_0 && buffer[at]! <= DIGIT_9) {
    code = code * BASE + (buffer[at]! - DIGIT_0)
    at += 1
  }
  const digitCount = at - codeAt
  return digitCount === 0 || digitCount > DIGIT_COUNT_MAX ? CODE_UNKNOWN : code
}
