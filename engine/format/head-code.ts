/**
 * What a record has before its body, made from another record's, as WebAssembly code:
 *
 *     head(to, template, recordBytes, queueId, queueOffset as two words, physicalOffset as two,
 *          bornTimestamp as two, bodyBytes: i32) -> i32
 *
 * Copies the head at `template`, sets in the copy what the parameters say, and returns `to`. The
 * upper word comes first; both hosts have eight bytes.
 */
import { assert } from '../base/assert.ts'
import { I32_BYTES } from '../base/units.ts'
import {
  BODY_AFTER_STORE_HOST,
  BODY_LENGTH_AFTER_STORE_HOST,
  BORN_TIMESTAMP_AT,
  bodyAt,
  HOST_V4_BYTES,
  PHYSICAL_OFFSET_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  RECORD_SIZE_AT,
} from './record-format.ts'
import {
  type Code,
  type CodeFunction,
  constant,
  get,
  loadVector,
  Op,
  store,
  storeVector,
  VECTOR_BYTES,
} from './wasm-code.ts'

/** Length of such a head. */
export const HEAD_BYTES = bodyAt(HOST_V4_BYTES, HOST_V4_BYTES)
const BODY_LENGTH_AT = HEAD_BYTES - BODY_AFTER_STORE_HOST + BODY_LENGTH_AFTER_STORE_HOST

// Parameters. Those behind the template are words of the head, each with its place there.
const TO = 0
const TEMPLATE = 1
const WORDS_AT = [
  RECORD_SIZE_AT,
  QUEUE_ID_AT,
  QUEUE_OFFSET_AT,
  QUEUE_OFFSET_AT + I32_BYTES,
  PHYSICAL_OFFSET_AT,
  PHYSICAL_OFFSET_AT + I32_BYTES,
  BORN_TIMESTAMP_AT,
  BORN_TIMESTAMP_AT + I32_BYTES,
  BODY_LENGTH_AT,
]
const FIRST_WORD = 2

const LOW_OF_PAIRS = 0x00ff00ff
const HIGH_OF_PAIRS = ~LOW_OF_PAIRS

export const HEAD_FUNCTION: CodeFunction = {
  name: 'head',
  parameterCount: FIRST_WORD + WORDS_AT.length,
  locals: [0],
  body: [
    ...vectorStarts().flatMap((at) => [
      ...[...get(TO), ...get(TEMPLATE), ...loadVector(at), ...storeVector(at)],
    ]),
    ...WORDS_AT.flatMap((at, index) => [
      ...[...get(TO), ...swapped(FIRST_WORD + index), ...store(at)],
    ]),
    ...get(TO),
  ],
}

/** Where the stretches of sixteen bytes begin that a head consists of; the last two overlap. */
function vectorStarts(): readonly number[] {
  const starts: number[] = []
  for (let at = 0; at + VECTOR_BYTES < HEAD_BYTES; at += VECTOR_BYTES) starts.push(at)
  return [...starts, HEAD_BYTES - VECTOR_BYTES]
}

/** A word with its bytes turned round: memory is little-endian, a record is not. */
function swapped(word: number): Code {
  const high = [...get(word), ...constant(8), ...Op.ROTATE_LEFT]
  const low = [...get(word), ...constant(8), ...Op.ROTATE_RIGHT]
  return [
    ...[...high, ...constant(LOW_OF_PAIRS), ...Op.AND],
    ...[...low, ...constant(HIGH_OF_PAIRS), ...Op.AND, ...Op.OR],
  ]
}

assert(HEAD_BYTES >= VECTOR_BYTES, 'a head has at least one stretch of sixteen bytes')
