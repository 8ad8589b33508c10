import { type CodeFunction, get, Op } from './wasm-code.ts'

// Parameters.
const TO = 0
const FROM = 1
const LENGTH = 2

/** `copy(to, from, length: i32) -> i32`: copies bytes, returns the position behind the copy. */
export const COPY_FUNCTION: CodeFunction = {
  name: 'copy',
  parameterCount: 3,
  locals: [0],
  body: [
    ...[...get(TO), ...get(FROM), ...get(LENGTH), ...Op.COPY_BYTES],
    ...[...get(TO), ...get(LENGTH), ...Op.ADD],
  ],
}
