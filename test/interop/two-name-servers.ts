import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { NameServer } from '../../net/namesrv/index.ts'
import type { LooseValue } from '../../net/protocol/loose-json.ts'
import { parseLooseJson } from '../../net/protocol/loose-json.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import { RemotingClient } from '../../net/remoting/remoting-client.ts'
import { createRequest } from '../../net/remoting/remoting-command.ts'
import type { Cluster } from './cluster.ts'
import { startJavaBroker, startJavaNameServer } from './java-peers.ts'
import { type AdminOutput, JavaToolbox } from './java-toolbox.ts'
import { makeScratch } from './lane.ts'

const ANSWER_TIMEOUT_MS = 10_000
/** For what a broker was told to reach its name servers. */
const SETTLE_TRIES_MAX = 100
const SETTLE_TRY_MS = 100

/** An answer with its body as JSON. */
export interface RawAnswer {
  readonly code: number
  readonly extFields: Readonly<Record<string, string>>
  readonly body: LooseValue | undefined
}

/** What our name server and Apache RocketMQ's said to the same question. */
export interface Pair<T> {
  readonly ours: T
  readonly theirs: T
}

/** Ends something that was started. */
type Opened = () => PromiseLike<void>

/** Our name server, Apache RocketMQ's, and one Java broker that registers with both. */
export class TwoNameServers {
  readonly addresses: Pair<string>
  readonly broker: Cluster
  readonly toolbox: JavaToolbox
  readonly #opened: Opened[]
  readonly #client: RemotingClient

  static async start(): Promise<TwoNameServers> {
    const opened: Opened[] = []
    try {
      return await openAll(opened)
    } catch (error) {
      await closeAll(opened)
      throw error
    }
  }

  constructor(parts: {
    readonly addresses: Pair<string>
    readonly broker: Cluster
    readonly toolbox: JavaToolbox
    readonly opened: Opened[]
  }) {
    this.addresses = parts.addresses
    this.broker = parts.broker
    this.toolbox = parts.toolbox
    this.#opened = parts.opened
    this.#client = new RemotingClient()
    this.#opened.push(() => this.#client.close())
  }

  /** Asks both the same; lists in the answers are sorted, since Java's come from hash tables. */
  async ask(
    code: number,
    fields: Readonly<Record<string, string>> = {},
    body?: Buffer,
  ): Promise<Pair<RawAnswer>> {
    const extFields = new Map(Object.entries(fields))
    return this.#both(async (address) => {
      const request = createRequest(code, { extFields, body })
      const answer = await this.#client.invoke(address, request, ANSWER_TIMEOUT_MS)
      const text = answer.body.toString()
      return {
        code: answer.code,
        extFields: Object.fromEntries(answer.extFields),
        body: text === '' ? undefined : sorted(parseLooseJson(text)),
      }
    })
  }

  /** Runs an mqadmin command with each. */
  admin(command: string, ...words: readonly string[]): Promise<Pair<AdminOutput>> {
    return this.#both((address) => this.toolbox.admin(command, '-n', address, ...words))
  }

  /** Waits until both have, or have not, the topic. */
  async untilBothRoute(topic: string, isThere: boolean): Promise<void> {
    const code = isThere ? ResponseCode.SUCCESS : ResponseCode.TOPIC_NOT_EXIST
    await this.#until(async () => {
      const { ours, theirs } = await this.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic })
      return ours.code === code && theirs.code === code
    })
  }

  /** Waits until no broker has the address: Java unregisters after it has answered. */
  async untilBothForget(brokerAddress: string): Promise<void> {
    await this.#until(async () => {
      const clusterInfo = await this.ask(RequestCode.GET_BROKER_CLUSTER_INFO)
      return !JSON.stringify(clusterInfo).includes(brokerAddress)
    })
  }

  async close(): Promise<void> {
    await closeAll(this.#opened)
  }

  async #both<T>(ask: (address: string) => Promise<T>): Promise<Pair<T>> {
    const { ours, theirs } = this.addresses
    return { ours: await ask(ours), theirs: await ask(theirs) }
  }

  async #until(isSo: () => Promise<boolean>): Promise<void> {
    for (let tries = 0; tries < SETTLE_TRIES_MAX; tries += 1) {
      if (await isSo()) return
      await new Promise((resolve) => setTimeout(resolve, SETTLE_TRY_MS))
    }
    throw new Error('the name servers did not settle')
  }
}

async function openAll(opened: Opened[]): Promise<TwoNameServers> {
  const scratch = await makeScratch('name-server')
  opened.push(() => scratch[Symbol.asyncDispose]())
  const folderOf = async (name: string): Promise<string> => {
    await mkdir(join(scratch.path, name))
    return join(scratch.path, name)
  }
  const kvConfigPath = join(scratch.path, 'agena', 'kvConfig.json')
  const ours = await NameServer.start({ port: 0, kvConfigPath })
  opened.push(() => ours.close())
  const theirs = await startJavaNameServer({ scratch: await folderOf('namesrv') })
  opened.push(() => theirs.kill())
  const addresses = { ours: ours.address, theirs: theirs.nameServer }
  const broker = await startJavaBroker({
    scratch: await folderOf('broker'),
    nameServer: `${addresses.ours};${addresses.theirs}`,
  })
  opened.push(() => broker.kill())
  const toolbox = await JavaToolbox.start(await folderOf('toolbox'))
  opened.push(() => toolbox[Symbol.asyncDispose]())
  return new TwoNameServers({ addresses, broker, toolbox, opened })
}

async function closeAll(opened: Opened[]): Promise<void> {
  for (const close of opened.splice(0).reverse()) await close()
}

function sorted(value: LooseValue): LooseValue {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((left, right) => (keyOf(left) < keyOf(right) ? -1 : 1))
  }
  if (typeof value !== 'object' || value === null || value instanceof Map) return value
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, sorted(member)]))
}

function keyOf(value: LooseValue): string {
  return JSON.stringify(value)
}
