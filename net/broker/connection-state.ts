import { hostOf } from '../../engine/format/host.ts'
import type { Connection } from '../remoting/connection.ts'

/** What the broker keeps of a connection, once for all its requests. */
export interface ConnectionState {
  /** The peer's address and port as records store them. */
  readonly bornHost: Buffer
}

/** The state of a connection, made at its first use. */
export function connectionState(connection: Connection): ConnectionState {
  const known = connection.attachment as ConnectionState | undefined
  if (known !== undefined) return known
  const state = { bornHost: hostOf(connection.remoteHost, connection.remotePort) }
  connection.attachment = state
  return state
}
