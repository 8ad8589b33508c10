import type { Connection } from './connection.ts'
import type { InflightBytes } from './inflight-bytes.ts'
import type { LimitedLogger } from './limited-logger.ts'
import type { OutputTurn } from './output-turn.ts'
import type { CommandReader } from './received-command.ts'
import type { ConnectionConfig } from './remoting-options.ts'
import type { RequestRoutes } from './request-routes.ts'
import type { UnsentBytes } from './unsent-bytes.ts'

/** What the connections of one server or client share. */
export interface ConnectionHost {
  readonly side: 'server' | 'client'
  readonly config: ConnectionConfig
  readonly routes: RequestRoutes
  readonly turn: OutputTurn
  readonly inflight: InflightBytes
  readonly unsent: UnsentBytes
  readonly log: LimitedLogger
  /** Reads the frames of all of them, one after the other. */
  readonly received: CommandReader
  /** Takes note of a change of kept bytes; false when that is too many in all. */
  keep(deltaBytes: number): boolean
  /** Forgets a connection that is gone. */
  remove(connection: Connection): void
}
