import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { decodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { GetRouteInfoRequestHeader, TopicRouteData } from '../protocol/topic-route.ts'
import { RemotingError } from '../remoting/errors.ts'
import type { RemotingClient } from '../remoting/remoting-client.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import { markNamespace } from './namespace.ts'
import { refusal, toClientError } from './remote-failure.ts'

/** What a {@link NameServerClient} works with. */
export interface NameServerClientOptions {
  readonly remoting: RemotingClient
  readonly addresses: readonly string[]
  readonly timeoutMs: number
  /** What requests are marked with, unless it is empty. */
  readonly namespaceV2: string
  readonly logger: Logger
}

/**
 * Asks one of several name servers, which all know the same: the one that answered last, and when
 * it fails the next one.
 */
export class NameServerClient {
  readonly #options: NameServerClientOptions
  /** Clients start at different name servers, so that these share the load. */
  #chosen: number

  constructor(options: NameServerClientOptions) {
    this.#options = options
    this.#chosen = Math.floor(Math.random() * options.addresses.length)
  }

  /**
   * The route of `topic`; undefined when the name server knows none.
   * @throws {ClientError} `CLIENT_NAME_SERVER_UNREACHABLE`, `CLIENT_REQUEST_REFUSED`,
   *   `CLIENT_RESPONSE_INVALID`, `CLIENT_CLOSED`
   */
  async route(topic: string): Promise<TopicRouteData | undefined> {
    const header = { topic, acceptStandardJsonOnly: true }
    const extFields = encodeHeaderFields(GetRouteInfoRequestHeader, header)
    const { address, response } = await this.#invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, extFields)
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    const peer = `name server ${address}`
    if (response.code !== ResponseCode.SUCCESS) throw refusal(response, peer)
    try {
      return decodeBody(TopicRouteData, response.body)
    } catch (error) {
      throw toClientError(error, peer)
    }
  }

  async #invoke(
    code: number,
    extFields: Map<string, string>,
  ): Promise<{ readonly address: string; readonly response: RemotingCommand }> {
    const { addresses, logger, namespaceV2, remoting, timeoutMs } = this.#options
    let lastError: unknown
    for (let attempt = 0; attempt < addresses.length; attempt += 1) {
      const chosen = this.#chosen
      const address = addresses[chosen]!
      const request = createRequest(code, { extFields })
      markNamespace(request, namespaceV2)
      try {
        const response = await remoting.invoke(address, request, timeoutMs)
        return { address, response }
      } catch (error) {
        if (!(error instanceof RemotingError)) throw error
        if (error.code === 'REMOTING_CLOSED') throw toClientError(error, address)
        logger.warn(`name server ${address} failed: ${describeError(error)}`)
        lastError = error
        // Several calls may fail at once: only the first moves on.
        if (this.#chosen === chosen) this.#chosen = (chosen + 1) % addresses.length
      }
    }
    const message = `no name server answered: ${addresses.join(', ')}`
    throw new ClientError('CLIENT_NAME_SERVER_UNREACHABLE', message, { cause: lastError })
  }
}
