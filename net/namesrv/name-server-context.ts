import type { Connection } from '../remoting/connection.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import type { KvConfigs } from './kv-configs.ts'
import type { NameServerSettings } from './name-server-settings.ts'
import type { AddressFor } from './route-answer.ts'
import type { BrokerDeparture, MinBrokerIdChange, RouteTable } from './route-table.ts'

/** What the requests of one name server work on. */
export interface NameServerContext {
  readonly settings: NameServerSettings
  readonly table: RouteTable
  readonly kvConfigs: KvConfigs
  /** True from the moment at which routes are answered. */
  readonly isReady: () => boolean
  /** Logs and announces a broker that is gone. */
  readonly departed: (departure: BrokerDeparture, why: string) => void
  /** Tells a group's brokers who its lowest id is, when that is wished. */
  readonly announce: (change: MinBrokerIdChange | undefined) => void
}

/** Answers one request code of the name server. */
export type NameServerHandler = (
  context: NameServerContext,
  request: RemotingCommand,
  connection: Connection,
) => RemotingCommand | Promise<RemotingCommand>

/** The address under which the peer of `connection` reaches each broker. */
export function addressesFor(context: NameServerContext, connection: Connection): AddressFor {
  const { brokerAddressFor } = context.settings.current
  return (brokerAddress) => brokerAddressFor(brokerAddress, connection)
}
