/** A broker's capabilities behind a real socket, over a store whose flush a test decides about. */
import { type Logger, silentLogger } from '../../engine/base/logger.ts'
import { MIB } from '../../engine/base/units.ts'
import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { hostOf } from '../../engine/format/host.ts'
import { BrokerParts } from '../../net/broker/broker-parts.ts'
import { type BrokerOptions, parseBrokerConfig } from '../../net/broker/options/broker-config.ts'
import { BrokerSettings } from '../../net/broker/options/broker-settings.ts'
import type { Connection } from '../../net/remoting/connection.ts'
import { RemotingClient } from '../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../net/remoting/remoting-command.ts'
import type { ConnectionOptions } from '../../net/remoting/remoting-options.ts'
import { RemotingServer } from '../../net/remoting/remoting-server.ts'
import { HotOutcome } from '../../net/remoting/request-routes.ts'
import { DrivenStore } from './driven-store.ts'
import { SMALL_STORE } from './running-standalone.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const ADDRESS = '127.0.0.1:10911'
const TIMEOUT_MS = 10_000

export interface DrivenBrokerExtras {
  readonly logger?: Logger
  /** Of its server. */
  readonly connections?: ConnectionOptions
}

export class DrivenBroker implements AsyncDisposable {
  readonly store: DrivenStore
  readonly server: RemotingServer
  readonly client = new RemotingClient({})
  readonly #parts: BrokerParts
  readonly #folder: TemporaryFolder

  static async start(
    options: BrokerOptions = {},
    extras: DrivenBrokerExtras = {},
  ): Promise<DrivenBroker> {
    const folder = temporaryFolder('driven')
    const defaults = { ...options, store: { ...SMALL_STORE, ...options.store } }
    const { config } = parseBrokerConfig({ defaults })
    const store = new DrivenStore(nodeFileSystem(), folder.path, config.store)
    const parts = new BrokerParts({
      settings: new BrokerSettings(config),
      store: store.asThreaded,
      client: new RemotingClient({}),
      logger: extras.logger ?? silentLogger,
      storeHost: hostOf('127.0.0.1', 10911),
      address: ADDRESS,
      registered: () => Promise.resolve(),
    })
    const server = await RemotingServer.listen(
      { frameBytesMax: 5 * MIB, closeMs: 200, logger: extras.logger, ...extras.connections },
      {
        route: (code) => parts.routes.get(code),
        hot: (frame, connection) => parts.hot(frame, connection) ?? HotOutcome.DECLINED,
        nameOf: (connection) => parts.nameOf(connection),
        onClose: (connection) => parts.connectionClosed(connection),
      },
    )
    return new DrivenBroker(store, { server, parts, folder })
  }

  private constructor(
    store: DrivenStore,
    opened: { server: RemotingServer; parts: BrokerParts; folder: TemporaryFolder },
  ) {
    this.store = store
    this.server = opened.server
    this.#parts = opened.parts
    this.#folder = opened.folder
  }

  get connections(): ReadonlySet<Connection> {
    return this.server.connections
  }

  /** Sends one request on the helper's own connection and waits for its answer. */
  ask(
    code: number,
    fields: Readonly<Record<string, string | number | boolean>>,
    body: Buffer = Buffer.alloc(0),
  ): Promise<RemotingCommand> {
    return this.client.invoke(this.server.address, requestOf(code, fields, body), TIMEOUT_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.server.close()
    await this.#parts.close()
    this.store.close()
    this.#folder[Symbol.dispose]()
  }
}

/** A request with its fields as texts. */
export function requestOf(
  code: number,
  fields: Readonly<Record<string, string | number | boolean>>,
  body: Buffer = Buffer.alloc(0),
): RemotingCommand {
  const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return createRequest(code, { extFields, body })
}
