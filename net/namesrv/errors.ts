import { AgenaError } from '../../engine/base/errors.ts'
import { ResponseCode } from '../protocol/response-code.ts'

/** Codes of {@link NameServerError}. */
export type NameServerErrorCode =
  /** A setting is unknown, malformed, or cannot change while the server runs. */
  | 'NAMESRV_OPTION_INVALID'
  /** A setting is on the list of those that no request may change. */
  | 'NAMESRV_OPTION_PROTECTED'
  /** The file of the KV configs cannot be read, or is not one. */
  | 'NAMESRV_KV_CONFIG_UNREADABLE'
  /** A change could not be written to its file, and did not happen. */
  | 'NAMESRV_CHANGE_NOT_SAVED'
  /** A broker was not heard of for its timeout. */
  | 'NAMESRV_BROKER_EXPIRED'

/** What a request is answered with that fails so. */
const RESPONSE_CODES: Readonly<Record<NameServerErrorCode, ResponseCode>> = Object.freeze({
  NAMESRV_OPTION_INVALID: ResponseCode.INVALID_PARAMETER,
  NAMESRV_OPTION_PROTECTED: ResponseCode.NO_PERMISSION,
  NAMESRV_KV_CONFIG_UNREADABLE: ResponseCode.SYSTEM_ERROR,
  NAMESRV_CHANGE_NOT_SAVED: ResponseCode.SYSTEM_ERROR,
  NAMESRV_BROKER_EXPIRED: ResponseCode.SYSTEM_ERROR,
})

/** A failure of the name server. */
export class NameServerError extends AgenaError<NameServerErrorCode> {
  override readonly name = 'NameServerError'
  readonly responseCode: ResponseCode

  constructor(code: NameServerErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.responseCode = RESPONSE_CODES[code]
  }
}
