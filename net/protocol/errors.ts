import { AgenaError } from '../../engine/base/errors.ts'
import { ResponseCode } from './response-code.ts'

/** Codes of {@link ProtocolError}. */
export type ProtocolErrorCode =
  /** A required field of a command's header or body is missing. */
  | 'PROTOCOL_FIELD_MISSING'
  /** A field of a command's header or body has a value of the wrong kind or range. */
  | 'PROTOCOL_FIELD_INVALID'
  /** A body is not in the format of its command. */
  | 'PROTOCOL_BODY_INVALID'

/** A command whose frame is sound but whose header fields or body are not. */
export class ProtocolError extends AgenaError<ProtocolErrorCode> {
  override readonly name = 'ProtocolError'
  /** The code that answers such a request, as Java answers it. */
  readonly responseCode = ResponseCode.SYSTEM_ERROR
  /** Name of the header field, or path in the body. */
  readonly field: string

  constructor(code: ProtocolErrorCode, field: string, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.field = field
  }
}

export function fieldMissing(field: string): ProtocolError {
  return new ProtocolError('PROTOCOL_FIELD_MISSING', field, `the field <${field}> is missing`)
}

export function fieldInvalid(field: string, why: string): ProtocolError {
  return new ProtocolError('PROTOCOL_FIELD_INVALID', field, `the field <${field}> ${why}`)
}
