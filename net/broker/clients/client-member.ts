import type { ClientConnection } from '../../protocol/connections.ts'
import type { Connection } from '../../remoting/connection.ts'

/** A client by one of its groups (Java: ClientChannelInfo). */
export interface ClientMember {
  readonly connection: Connection
  readonly clientId: string
  /** A name of Java's LanguageCode. */
  readonly language: string
  /** Ordinal of Java's MQVersion. */
  readonly version: number
  /** When its last heartbeat came, in milliseconds. */
  readonly seenMs: number
}

/** A member as the admin tools read it. */
export function clientConnectionOf(member: ClientMember): ClientConnection {
  const { clientId, connection, language, version } = member
  return { clientAddr: connection.remoteAddress, clientId, language, version }
}
