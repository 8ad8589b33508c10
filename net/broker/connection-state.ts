import { hostOf } from '../../engine/format/host.ts'
import type { Connection } from '../remoting/connection.ts'

/** What the broker keeps of a connection, once for all its requests. */
export interface ConnectionState {
  /** The peer's address and port as records store them. */
  readonly bornHost: Buffer
  /** Bytes of its sends that wait for the disk and for their answers. */
  waitingBytes: number
  /** Since when none of its sends could be taken, in ms; 0 while they can. */
  heldSinceMs: number
  /** When that was last found to be so, in ms. */
  heldNotedMs: number
}

/** The state of a connection, made at its first use. */
export function connectionState(connection: Connection): ConnectionState {
  const known = connection.attachment as ConnectionState | undefined
  if (known !== undefined) return known
  const bornHost = hostOf(connection.remoteHost, connection.remotePort)
  const state = { bornHost, waitingBytes: 0, heldSinceMs: 0, heldNotedMs: 0 }
  connection.attachment = state
  return state
}
