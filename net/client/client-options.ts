import { isIP } from 'node:net'
import { type Logger, silentLogger } from '../../engine/base/logger.ts'
import { parseAddress } from '../remoting/address.ts'
import { ClientError } from './client-error.ts'
import { checkInstanceName, defaultInstanceName, localIp } from './client-id.ts'
import { addressInEndpoint, namespaceInEndpoint, wrapNamespace } from './namespace.ts'
import { type Filled, invalidOption, mergeOptions, requirePositive } from './option-merge.ts'
import { checkTopic } from './resource-name.ts'

/** What every producer and consumer can be told. */
export interface ClientOptions {
  /** Name servers as `host:port`, or as `http://host:port`; any one of them that answers is enough.
   *  One whose host begins with `MQ_INST_…` names the `namespace` too. */
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
  /** The instance that topics and groups belong to: the brokers know them as `namespace%name`,
   *  the application by their names alone. RocketMQ's own topics belong to all.
   *  @default none, or the one that a name server's address names (RocketMQ `namespace`) */
  readonly namespace?: string | undefined
  /** An instance that is named in the header of each request instead (fields `ns`, `nsd`), for
   *  brokers that make use of it. @default none (RocketMQ `namespaceV2`) */
  readonly namespaceV2?: string | undefined
  /** Whether what happens to messages is sent to the topic of traces, in the background: each send,
   *  and each call of a listener. What `mqadmin queryMsgTraceById` shows.
   *  @default false (RocketMQ `enableMsgTrace`) */
  readonly enableTrace?: boolean | undefined
  /** The topic of traces; not part of a `namespace`.
   *  @default RMQ_SYS_TRACE_TOPIC (RocketMQ `customizedTraceTopic`) */
  readonly customizedTraceTopic?: string | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
}

export type ClientConfig = Filled<ClientOptions>

/** The defaults of what has a fixed one. */
export const CLIENT_DEFAULTS = Object.freeze({
  requestTimeoutMs: 3_000,
  routeIntervalMs: 30_000,
  heartbeatIntervalMs: 30_000,
  enableTrace: false,
  customizedTraceTopic: 'RMQ_SYS_TRACE_TOPIC',
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
  const computed = {
    clientIp: localIp(),
    instanceName: defaultInstanceName(),
    namespace: namespaceIn(options),
    namespaceV2: '',
  }
  const config = mergeOptions<O>(
    { ...CLIENT_DEFAULTS, ...computed, ...defaults },
    withAddresses(options),
  )
  checkNameServers(config.nameServers)
  if (isIP(config.clientIp) === 0) throw invalidOption('clientIp', config.clientIp)
  checkInstanceName(config.instanceName)
  if (typeof config.namespace !== 'string') throw invalidOption('namespace', config.namespace)
  if (typeof config.namespaceV2 !== 'string') throw invalidOption('namespaceV2', config.namespaceV2)
  if (typeof config.enableTrace !== 'boolean')
    throw invalidOption('enableTrace', config.enableTrace)
  checkTopic(config.customizedTraceTopic, 'CLIENT_OPTION_INVALID')
  requirePositive(config, ['requestTimeoutMs', 'routeIntervalMs', 'heartbeatIntervalMs'])
  return config
}

/** The namespace that the address of a name server names. */
function namespaceIn(options: Partial<ClientOptions> | undefined): string {
  const endpoints: unknown = options?.nameServers
  if (!Array.isArray(endpoints)) return ''
  const named = endpoints.map((endpoint) => namespaceInEndpoint(String(endpoint)))
  return named.find((namespace) => namespace !== undefined) ?? ''
}

/** `options` with name servers as `host:port`; what is no list of them is left to be refused. */
function withAddresses<O extends ClientOptions>(options: O): O {
  if (!Array.isArray(options?.nameServers)) return options
  const nameServers = options.nameServers.map((endpoint) => addressInEndpoint(String(endpoint)))
  return { ...options, nameServers }
}

/** `config` with the name by which brokers know its group. */
export function inNamespace<C extends { readonly group: string; readonly namespace: string }>(
  config: C,
): C {
  return Object.freeze({ ...config, group: wrapNamespace(config.namespace, config.group) })
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
