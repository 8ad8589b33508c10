import { AgenaError } from '../../../engine/base/errors.ts'
import { ResponseCode } from '../../protocol/response-code.ts'

/** Codes of {@link BrokerOptionError}. */
export type BrokerOptionErrorCode =
  /** A setting is unknown where that is not allowed, malformed or out of range. */
  | 'BROKER_OPTION_INVALID'
  /** A request may not change the setting. */
  | 'BROKER_OPTION_PROTECTED'
  /** The changed settings cannot be written, so nothing changed. */
  | 'BROKER_CHANGE_NOT_SAVED'

const RESPONSE_CODES: Readonly<Record<BrokerOptionErrorCode, ResponseCode>> = Object.freeze({
  BROKER_OPTION_INVALID: ResponseCode.INVALID_PARAMETER,
  BROKER_OPTION_PROTECTED: ResponseCode.NO_PERMISSION,
  BROKER_CHANGE_NOT_SAVED: ResponseCode.SYSTEM_ERROR,
})

/** A setting that the broker cannot have: what it is, where it stands and what it may be. */
export class BrokerOptionError extends AgenaError<BrokerOptionErrorCode> {
  override readonly name = 'BrokerOptionError'
  /** How a request that asks for it is answered. */
  readonly responseCode: ResponseCode

  constructor(code: BrokerOptionErrorCode, message: string, options?: ErrorOptions) {
    super(code, message, options)
    this.responseCode = RESPONSE_CODES[code]
  }
}
