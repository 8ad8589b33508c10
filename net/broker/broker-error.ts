/** A request that the broker refuses, with the response code on which clients branch. */
export class BrokerError extends Error {
  override readonly name = 'BrokerError'
  readonly responseCode: number

  constructor(responseCode: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.responseCode = responseCode
  }
}
