import type { Socket } from 'node:net'
import { Connection } from './connection.ts'
import type { ConnectionHost } from './connection-host.ts'
import { InflightBytes } from './inflight-bytes.ts'
import { LimitedLogger } from './limited-logger.ts'
import { OutputTurn } from './output-turn.ts'
import { CommandReader } from './received-command.ts'
import type { ConnectionConfig } from './remoting-options.ts'
import type { RequestRoutes } from './request-routes.ts'
import { UnsentBytes } from './unsent-bytes.ts'

/** The shortest of the timeouts is looked at this often. */
const SWEEPS_PER_TIMEOUT = 8
const SWEEP_MS_MIN = 5
const SWEEP_MS_MAX = 1_000
/** With too much unsent by all, a peer that takes nothing for this long is ended. */
const RELIEF_STALL_MS = 1_000

/** All connections of one server or client, with what they share. */
export class ConnectionGroup implements ConnectionHost {
  readonly side: 'server' | 'client'
  readonly config: ConnectionConfig
  readonly routes: RequestRoutes
  readonly turn = new OutputTurn()
  readonly inflight: InflightBytes
  readonly unsent: UnsentBytes
  readonly log: LimitedLogger
  readonly received = new CommandReader()
  /** Every connection reads into this one buffer: bytes are used up before the next read. */
  readonly receiveBuffer: Buffer
  readonly #connections = new Set<Connection>()
  readonly #sweepMs: number
  #sweeper: NodeJS.Timeout | undefined
  #keptBytes = 0

  constructor(side: 'server' | 'client', config: ConnectionConfig, routes: RequestRoutes) {
    this.side = side
    this.config = config
    this.routes = routes
    this.inflight = new InflightBytes(config.inflightBytesMax, config.connectionInflightBytesMax)
    this.unsent = new UnsentBytes(config.outputBytesTotalMax)
    this.log = new LimitedLogger(config.logger)
    this.receiveBuffer = config.allotBuffer(config.receiveBufferBytes)
    const shortestMs = Math.min(config.idleMs, config.outputStallMs)
    const sweepMs = Math.floor(shortestMs / SWEEPS_PER_TIMEOUT)
    this.#sweepMs = Math.min(Math.max(sweepMs, SWEEP_MS_MIN), SWEEP_MS_MAX)
  }

  get connections(): ReadonlySet<Connection> {
    return this.#connections
  }

  /** Bytes of unfinished and held frames of all connections. */
  get keptBytes(): number {
    return this.#keptBytes
  }

  /** Takes over a connected socket. */
  add(socket: Socket): Connection {
    const connection = new Connection(socket, this)
    this.#connections.add(connection)
    this.#sweeper ??= setInterval(() => this.#sweep(), this.#sweepMs).unref()
    this.routes.onConnect?.(connection)
    return connection
  }

  remove(connection: Connection): void {
    this.#connections.delete(connection)
    if (this.#connections.size > 0) return
    clearInterval(this.#sweeper)
    this.#sweeper = undefined
  }

  keep(deltaBytes: number): boolean {
    this.#keptBytes += deltaBytes
    return deltaBytes <= 0 || this.#keptBytes <= this.config.keptBytesMax
  }

  async closeAll(): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.close()))
  }

  async destroyAll(reason: Error): Promise<void> {
    await Promise.all([...this.#connections].map((connection) => connection.destroy(reason)))
  }

  #sweep(): void {
    for (const connection of this.#connections) connection.sweep(this.#sweepMs)
    if (this.unsent.isOver && this.side === 'server') this.#relieve()
  }

  /** Ends those that have taken nothing for a while, until the others have room. */
  #relieve(): void {
    const { bytesMax } = this.unsent
    const stalled = [...this.#connections].filter(({ stalledMs }) => stalledMs >= RELIEF_STALL_MS)
    stalled.sort((left, right) => right.unsentBytes - left.unsentBytes)
    let excessBytes = this.unsent.totalBytes - bytesMax
    for (const connection of stalled) {
      if (excessBytes <= 0) return
      excessBytes -= connection.unsentBytes
      const why = `it takes nothing, and all may leave ${bytesMax} bytes unread`
      connection.cut('REMOTING_OVERLOADED', why)
    }
  }
}
