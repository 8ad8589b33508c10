import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { deferred } from '../../../engine/base/deferred.ts'
import { freeBrokerPort, freePort } from '../../../scripts/java/free-ports.ts'
import type { Cluster, Side } from '../cluster.ts'
import { JavaToolbox } from '../java-toolbox.ts'
import { makeScratch, type Scratch, startCluster } from '../lane.ts'
import { AgenaProgram } from './agena-program.ts'
import type { ClientProgram } from './client-program.ts'
import type { Column } from './columns.ts'
import type { Pair } from './stage.ts'

/** What both brokers of the matrix run with. */
const SETTINGS: Readonly<Record<string, string>> = {
  // Short levels, so that many tries fit into a test.
  messageDelayLevel: '1s 2s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s 1s',
  // Otherwise the broker resets offsets itself, and consumers are not told.
  useServerSideResetOffset: 'false',
  traceTopicEnable: 'true',
}

/** How many runs must want a restart of a broker for it to happen. */
const CLIENTS_OF_A_BROKER = 2

/** A broker of the matrix. */
class Host {
  cluster!: Cluster
  readonly #side: Side
  readonly #scratch: string
  readonly #restarted = deferred<void>()
  #wantingCount = 0
  #ports: { readonly nameServer: number; readonly broker: number } | undefined

  constructor(side: Side, scratch: string) {
    this.#side = side
    this.#scratch = scratch
  }

  async start(): Promise<void> {
    this.#ports ??= { nameServer: await freePort(), broker: await freeBrokerPort() }
    const options = { scratch: this.#scratch, settings: SETTINGS, ports: this.#ports }
    this.cluster = await startCluster(this.#side, options)
  }

  /** Restarts once for all that use it, when the last of them wants it. */
  async restart(): Promise<void> {
    this.#wantingCount += 1
    if (this.#wantingCount === CLIENTS_OF_A_BROKER) {
      this.#restart().then(this.#restarted.resolve, this.#restarted.reject)
    }
    await this.#restarted.promise
  }

  async #restart(): Promise<void> {
    await this.cluster.stop()
    await this.start()
  }
}

/** Both brokers, both clients, and Java's tools. */
export class MatrixPlace implements AsyncDisposable {
  readonly #scratch: Scratch
  readonly #hosts: Readonly<Record<Side, Host>>
  readonly #clients: Readonly<Record<Side, ClientProgram>>
  readonly #tools: JavaToolbox
  #startedClients = 0

  private constructor(
    scratch: Scratch,
    hosts: Readonly<Record<Side, Host>>,
    tools: JavaToolbox,
    agena: AgenaProgram,
  ) {
    this.#scratch = scratch
    this.#hosts = hosts
    this.#tools = tools
    this.#clients = { java: tools, agena }
  }

  static async open(): Promise<MatrixPlace> {
    const scratch = await makeScratch('conformance')
    const folder = async (name: string): Promise<string> => {
      const path = join(scratch.path, name)
      await mkdir(path)
      return path
    }
    const java = new Host('java', await folder('java'))
    const agena = new Host('agena', await folder('agena'))
    const tools = JavaToolbox.start(await folder('tools'))
    await Promise.all([java.start(), agena.start(), tools])
    const program = new AgenaProgram(await folder('agena-client'))
    return new MatrixPlace(scratch, { java, agena }, await tools, program)
  }

  pairOf(column: Column): Pair {
    const host = this.#hosts[column.broker]
    return {
      client: this.#clients[column.client],
      startClient: () => this.#startClient(column.client),
      get cluster() {
        return host.cluster
      },
      tools: this.#tools,
      restartBroker: () => host.restart(),
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of Object.values(this.#clients)) await client[Symbol.asyncDispose]()
    for (const { cluster } of Object.values(this.#hosts)) await cluster.kill()
    await this.#scratch[Symbol.asyncDispose]()
  }

  async #startClient(side: Side): Promise<ClientProgram> {
    this.#startedClients += 1
    const scratch = join(this.#scratch.path, `client-${this.#startedClients}`)
    await mkdir(scratch)
    return side === 'java' ? JavaToolbox.start(scratch) : new AgenaProgram(scratch)
  }
}
