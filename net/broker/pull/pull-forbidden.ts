import { ResponseCode } from '../../protocol/response-code.ts'
import { BrokerError } from '../broker-error.ts'

/** Who forbids a pull (Java: ForbiddenType). */
export const ForbiddenType = {
  BROKER: 1,
  GROUP: 2,
  TOPIC: 3,
  BROADCASTING: 4,
  SUBSCRIPTION: 5,
} as const
export type ForbiddenType = (typeof ForbiddenType)[keyof typeof ForbiddenType]

/** A pull that may not be, with who forbids it in the answer's header. */
export class PullForbidden extends BrokerError {
  readonly forbiddenType: ForbiddenType

  constructor(message: string, forbiddenType: ForbiddenType) {
    super(ResponseCode.NO_PERMISSION, message)
    this.forbiddenType = forbiddenType
  }
}
