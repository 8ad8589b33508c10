import type { Logger } from '../../engine/base/logger.ts'
import { silentLogger } from '../../engine/base/logger.ts'
import { openFilesMax } from '../../engine/base/open-files-limit.ts'
import { KIB, MIB } from '../../engine/base/units.ts'
import { RemotingError } from './errors.ts'
import { FRAME_BYTES_LIMIT } from './frame-format.ts'
import { type RangeSender, sendNoRanges } from './output-ranges.ts'

/** Bounds of every connection, server or client side. */
export interface ConnectionOptions {
  /** Largest frame that is accepted, in bytes.
   *  @default 16777216 (RocketMQ `com.rocketmq.remoting.frameMaxLength`) */
  readonly frameBytesMax?: number | undefined
  /** A connection without traffic in either direction for this long is closed, in milliseconds; so
   *  is one that takes as long to finish a frame.
   *  @default 120000 (RocketMQ `serverChannelMaxIdleTimeSeconds`) */
  readonly idleMs?: number | undefined
  /** With more unsent bytes than this, a server reads no further requests of the connection.
   *  @default 4194304 */
  readonly outputBytesHigh?: number | undefined
  /** With more unsent bytes than this, the connection is ended (a call on it fails instead). Slices
   *  of the log count here but occupy no memory of their own.
   *  @default 134217728 */
  readonly outputBytesMax?: number | undefined
  /** With more unsent bytes of all connections than this, a server reads no requests of those that
   *  have any, and ends those that take none for a second, the largest first.
   *  @default 536870912 */
  readonly outputBytesTotalMax?: number | undefined
  /** A peer that takes no byte of waiting output for this long is ended, in milliseconds.
   *  @default 30000 */
  readonly outputStallMs?: number | undefined
  /** Bytes of requests that handlers may have in progress for one connection.
   *  @default 33554432 */
  readonly connectionInflightBytesMax?: number | undefined
  /** Bytes of requests that handlers may have in progress in all.
   *  @default 268435456 */
  readonly inflightBytesMax?: number | undefined
  /** Bytes of unfinished and held frames that all connections may keep; the one that would pass it
   *  is ended.
   *  @default 536870912 */
  readonly keptBytesMax?: number | undefined
  /** Size of the buffer into which all connections read, in bytes.
   *  @default 131072 */
  readonly receiveBufferBytes?: number | undefined
  /** Makes that buffer. @default Buffer.allocUnsafeSlow */
  readonly allotBuffer?: ((lengthBytes: number) => Buffer) | undefined
  /** How long a close waits for requests in progress and for output to leave, in milliseconds.
   *  @default 3000 */
  readonly closeMs?: number | undefined
  /** How output reaches a socket that has room for it.
   *  @default through Node's sockets alone */
  readonly sendRanges?: RangeSender | undefined
  /** @default silent */
  readonly logger?: Logger | undefined
}

/** Options of a {@link RemotingServer}. */
export interface RemotingServerOptions extends ConnectionOptions {
  /** Address to listen on. @default 127.0.0.1 */
  readonly host?: string | undefined
  /** Port to listen on, 0 for a free one. @default 0 */
  readonly port?: number | undefined
  /** Connections that may be open at once; further ones are closed when accepted.
   *  @default a tenth of the files that the process may open, 65536 at the most */
  readonly connectionCountMax?: number | undefined
}

/** Options of a {@link RemotingClient}. */
export interface RemotingClientOptions extends ConnectionOptions {
  /** How long to try to connect, in milliseconds.
   *  @default 3000 (RocketMQ `com.rocketmq.remoting.client.connect.timeout`) */
  readonly connectTimeoutMs?: number | undefined
}

type Filled<T> = { readonly [K in keyof T]-?: Exclude<T[K], undefined> }
export type ConnectionConfig = Filled<ConnectionOptions>
export type RemotingServerConfig = Filled<RemotingServerOptions>
export type RemotingClientConfig = Filled<RemotingClientOptions>

const CONNECTION_DEFAULTS = Object.freeze({
  frameBytesMax: 16 * MIB,
  idleMs: 120_000,
  outputBytesHigh: 4 * MIB,
  outputBytesMax: 128 * MIB,
  outputBytesTotalMax: 512 * MIB,
  outputStallMs: 30_000,
  connectionInflightBytesMax: 32 * MIB,
  inflightBytesMax: 256 * MIB,
  keptBytesMax: 512 * MIB,
  receiveBufferBytes: 128 * KIB,
  allotBuffer: (lengthBytes) => Buffer.allocUnsafeSlow(lengthBytes),
  closeMs: 3_000,
  sendRanges: sendNoRanges,
  logger: silentLogger,
}) satisfies ConnectionConfig

export const SERVER_DEFAULTS: RemotingServerConfig = Object.freeze({
  ...CONNECTION_DEFAULTS,
  host: '127.0.0.1',
  port: 0,
  connectionCountMax: openFilesMax('connections'),
})

export const CLIENT_DEFAULTS: RemotingClientConfig = Object.freeze({
  ...CONNECTION_DEFAULTS,
  connectTimeoutMs: 3_000,
})

const PORT_MAX = 0xffff

/** @throws {RemotingError} `REMOTING_OPTION_INVALID` */
export function parseServerOptions(options: RemotingServerOptions): RemotingServerConfig {
  const config = merge(SERVER_DEFAULTS, options)
  checkNumbers({ ...config }, ['port'])
  if (!Number.isInteger(config.port) || config.port < 0 || config.port > PORT_MAX) {
    throw invalid('port', config.port)
  }
  return config
}

/** @throws {RemotingError} `REMOTING_OPTION_INVALID` */
export function parseClientOptions(options: RemotingClientOptions): RemotingClientConfig {
  const config = merge(CLIENT_DEFAULTS, options)
  checkNumbers({ ...config }, [])
  return config
}

/** `undefined` keeps the default. */
function merge<T extends object>(defaults: T, options: object): T {
  const given = Object.entries(options).filter(([name, value]) => {
    if (!(name in defaults)) throw invalid(name, value)
    return value !== undefined
  })
  return Object.freeze({ ...defaults, ...Object.fromEntries(given) })
}

/** Every number is a positive integer, except those that are `exempt`. */
function checkNumbers(config: Record<string, unknown>, exempt: readonly string[]): void {
  for (const [name, value] of Object.entries(config)) {
    if (typeof value !== 'number' || exempt.includes(name)) continue
    if (!Number.isSafeInteger(value) || value <= 0) throw invalid(name, value)
  }
  if (Number(config['frameBytesMax']) >= FRAME_BYTES_LIMIT) {
    throw invalid('frameBytesMax', config['frameBytesMax'])
  }
}

function invalid(name: string, value: unknown): RemotingError {
  return new RemotingError('REMOTING_OPTION_INVALID', `option ${name} cannot be ${String(value)}`)
}
