/** A server on loopback that answers by a capability's rows, and peers that speak with it. */
import type { Connection } from '../../../net/remoting/connection.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../../net/remoting/remoting-server.ts'
import type { RequestHandler } from '../../../net/remoting/request-routes.ts'

const ANSWER_TIMEOUT_MS = 5_000

export interface Question {
  readonly fields?: Readonly<Record<string, string>>
  readonly body?: Buffer
}

export class LivePeer {
  /** One-way commands that the server pushed, oldest first. */
  readonly pushes: RemotingCommand[] = []
  readonly #address: string
  readonly #client: RemotingClient

  constructor(address: string) {
    this.#address = address
    this.#client = new RemotingClient(
      {},
      {
        route: () => (pushed) => {
          this.pushes.push(pushed)
          return undefined
        },
      },
    )
  }

  ask(code: number, { fields = {}, body }: Question = {}): Promise<RemotingCommand> {
    const request = createRequest(code, { extFields: new Map(Object.entries(fields)), body })
    return this.#client.invoke(this.#address, request, ANSWER_TIMEOUT_MS)
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}

export class LiveRoutes implements AsyncDisposable {
  readonly #server: RemotingServer
  readonly #peers: LivePeer[] = []

  static async start(
    rows: readonly (readonly [number, RequestHandler])[],
    onClose: (connection: Connection) => void = () => undefined,
  ): Promise<LiveRoutes> {
    const table = new Map(rows)
    const server = await RemotingServer.listen(
      { port: 0, closeMs: 300 },
      { route: (code) => table.get(code), onClose },
    )
    return new LiveRoutes(server)
  }

  private constructor(server: RemotingServer) {
    this.#server = server
  }

  get connections(): ReadonlySet<Connection> {
    return this.#server.connections
  }

  /** Another peer, with a connection of its own. */
  peer(): LivePeer {
    const peer = new LivePeer(this.#server.address)
    this.#peers.push(peer)
    return peer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of this.#peers) await peer.close()
    await this.#server.close()
  }
}
