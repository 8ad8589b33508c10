import { isIP } from 'node:net'
import { type Logger, silentLogger } from '../../engine/base/logger.ts'
import { parseAddress } from '../remoting/address.ts'
import { ClientError } from './client-error.ts'
import { checkInstanceName, defaultInstanceName, localIp } from './client-id.ts'
import { type Filled, invalidOption, mergeOptions, requirePositive } from './option-merge.ts'

/** What every producer and consumer can be told. */
export interface ClientOptions {
  /** Name servers as `host:port`; any one of them that answers is enough. */
  readonly nameServers: readonly string[]
  /** Address of this host, part of the client id and of message ids.
   *  @default the first address of this host that others can reach */
  readonly clientIp?: string | undefined
  /** Tells apart the clients of one host. Two members of one group must not share it.
   *  @default process id and a clock's nanoseconds, as `pid#nanos` */
  readonly instanceName?: string | undefined
  /** How long one request may take, in milliseconds, where nothing else is said.
   *  @default 3000 (RocketMQ `mqClientApiTimeout`) */
  readonly requestTimeoutMs?: number | undefined
  /** How often the routes of the topics in use are asked for again, in milliseconds.
   *  @default 30000 (RocketMQ `pollNameServerInterval`) */
  readonly routeIntervalMs?: number | undefined
  /** How often the brokers hear from this client, in milliseconds.
   *  @default 30000 (RocketMQ `heartbeatBrokerInterval`) */
  readonly heartbeatIntervalMs?: number | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
}

export type ClientConfig = Filled<ClientOptions>

/** The defaults of what has a fixed one. */
export const CLIENT_DEFAULTS = Object.freeze({
  requestTimeoutMs: 3_000,
  routeIntervalMs: 30_000,
  heartbeatIntervalMs: 30_000,
  logger: silentLogger,
}) satisfies Partial<ClientConfig>

/**
 * Merges `options` into `defaults` and checks what all clients share.
 * @throws {ClientError} `CLIENT_OPTION_INVALID`
 */
export function parseClientOptions<O extends ClientOptions, D extends Partial<O>>(
  options: O,
  defaults: D,
): Filled<O> {
  const computed = { clientIp: localIp(), instanceName: defaultInstanceName() }
  const config = mergeOptions<O>({ ...CLIENT_DEFAULTS, ...computed, ...defaults }, options)
  checkNameServers(config.nameServers)
  if (isIP(config.clientIp) === 0) throw invalidOption('clientIp', config.clientIp)
  checkInstanceName(config.instanceName)
  requirePositive(config, ['requestTimeoutMs', 'routeIntervalMs', 'heartbeatIntervalMs'])
  return config
}

function checkNameServers(nameServers: readonly string[]): void {
  if (!Array.isArray(nameServers) || nameServers.length === 0) {
    throw new ClientError('CLIENT_OPTION_INVALID', 'nameServers names no address')
  }
  for (const address of nameServers) {
    try {
      parseAddress(address)
    } catch (error) {
      const message = `nameServers: "${address}" is not host:port`
      throw new ClientError('CLIENT_OPTION_INVALID', message, { cause: error })
    }
  }
}
