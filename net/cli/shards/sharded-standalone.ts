import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import { NameServer } from '../../namesrv/index.ts'
import { formatAddress } from '../../remoting/address.ts'
import type { Connection } from '../../remoting/connection.ts'
import { kvConfigPath } from '../../standalone/kv-config-path.ts'
import { ShardGroup, type ShardGroupOptions } from './shard-group.ts'

/** What {@link ShardedStandalone.start} is given. */
export interface ShardedStandaloneOptions extends ShardGroupOptions {
  /** @default 9876 */
  readonly namesrvPort: number | undefined
}

/** A name server in this process, and brokers in processes of their own that register with it. */
export class ShardedStandalone extends Lifecycle {
  readonly nameServer: NameServer
  readonly shards: ShardGroup

  /**
   * Starts all of it; resolves when clients can send and consume.
   * @throws {AgenaError} as {@link NameServer.start} and {@link ShardGroup.start}
   */
  static async start(options: ShardedStandaloneOptions): Promise<ShardedStandalone> {
    const { config, namesrvPort } = options
    let shards: ShardGroup | undefined
    const nameServer = await NameServer.start({
      host: config.listenHost,
      port: namesrvPort,
      kvConfigPath: kvConfigPath(config.storeDirectory),
      logger: options.logger,
      brokerAddressFor: (address, connection) =>
        (config.isBrokerIP1Auto ? addressFor(shards, address, connection) : undefined) ?? address,
    })
    try {
      const namesrvAddresses = [nameServer.address, ...config.namesrvAddresses]
      shards = await ShardGroup.start({ ...options, config: { ...config, namesrvAddresses } })
      return new ShardedStandalone(nameServer, shards)
    } catch (error) {
      await nameServer.close()
      throw error
    }
  }

  private constructor(nameServer: NameServer, shards: ShardGroup) {
    super()
    this.nameServer = this.attach(nameServer)
    this.shards = this.attach(shards)
    this.markOpen()
    void shards.closed.then((reason) => {
      if (reason !== undefined) void this.destroy(reason)
    })
  }

  /** The shards go first, so that they can say good-bye to the name server. */
  protected override async drain(): Promise<void> {
    await this.shards.close()
  }
}

/** As a standalone with one broker has it: the address by which the client is connected. */
function addressFor(
  shards: ShardGroup | undefined,
  address: string,
  connection: Connection,
): string | undefined {
  const port = shards?.portOf(address)
  return port === undefined ? undefined : formatAddress(connection.localHost, port)
}
