import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { Cluster, PeerOptions, Side } from './cluster.ts'
import {
  type ConsumerRequest,
  JavaToolbox,
  type OutgoingMessage,
  type ProduceRequest,
  type ReceivedMessage,
  type SentMessage,
} from './java-toolbox.ts'
import { makeScratch, type Scratch, startCluster } from './lane.ts'

/** Rebalancing may take its 20 s timer where a notification is missed. */
export const CONSUME_TIMEOUT_MS = 40_000
/** Long enough for a message that must not come to come. */
const QUIET_MS = 1_000

type StartPeer = (options: PeerOptions) => Promise<Cluster>
type Subscription = Omit<ConsumerRequest, 'nameServer'>

/** One cluster and Java's tools for all tests of a suite, and the steps that most of them share. */
export class Suite {
  readonly #side: Side
  readonly #settings: Readonly<Record<string, string>>
  readonly #start: StartPeer
  #scratch: Scratch | undefined
  #cluster: Cluster | undefined
  #toolbox: JavaToolbox | undefined

  constructor(
    side: Side,
    settings: Readonly<Record<string, string>> = {},
    start: StartPeer = (options) => startCluster(side, options),
  ) {
    this.#side = side
    this.#settings = settings
    this.#start = start
    beforeAll(() => this.#open())
    afterAll(() => this.#close())
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('used before the suite began')
    return this.#cluster
  }

  /** What the following steps talk to, and what the suite ends in the end. */
  set cluster(cluster: Cluster) {
    this.#cluster = cluster
  }

  get toolbox(): JavaToolbox {
    if (this.#toolbox === undefined) throw new Error('used before the suite began')
    return this.#toolbox
  }

  /** A folder for whatever a test leaves behind. */
  get scratch(): string {
    if (this.#scratch === undefined) throw new Error('used before the suite began')
    return this.#scratch.path
  }

  /** Stops the broker and starts it again on the same folder. */
  async restart(): Promise<void> {
    await this.cluster.stop()
    await this.reopen()
  }

  /** Starts the broker, which was ended before, on its folder. */
  async reopen(): Promise<void> {
    this.#cluster = await this.#start(this.#peerOptions())
  }

  /** Creates a topic by mqadmin. */
  async createTopic(topic: string, queueCount: number): Promise<void> {
    const { nameServer, broker } = this.cluster
    const queues = ['-r', String(queueCount), '-w', String(queueCount)]
    const words = ['-n', nameServer, '-b', broker, '-t', topic, ...queues]
    const { stdout, stderr } = await this.toolbox.admin('updateTopic', ...words)
    if (!stdout.includes('success')) throw new Error(`no topic ${topic}: ${stdout}${stderr}`)
  }

  /** Sends with the Java client; every send must have been answered by SEND_OK. */
  async produce(
    topic: string,
    messages: readonly OutgoingMessage[],
    mode: ProduceRequest['mode'] = 'sync',
  ): Promise<readonly SentMessage[]> {
    const { nameServer } = this.cluster
    const request = { nameServer, group: 'P-interop', topic, mode, messages }
    const { sent, failure } = await this.toolbox.produce(request)
    if (sent === undefined) throw new Error(`the send failed: ${failure?.message}`)
    const slow = sent.find((row) => row.status !== 'SEND_OK')
    if (slow !== undefined) throw new Error(`a send was answered by ${slow.status}`)
    return sent
  }

  /** Starts a Java push consumer, which must be accepted, and returns its name. */
  async startConsumer(subscription: Subscription): Promise<string> {
    const { nameServer } = this.cluster
    const request = { nameServer, expression: '*', ...subscription }
    const { consumer, failure } = await this.toolbox.startConsumer(request)
    if (consumer === undefined) throw new Error(`the consumer was refused: ${failure}`)
    return consumer
  }

  /** Waits for `count` messages and a quiet moment, stops the consumer, returns all it received. */
  async finishConsumer(consumer: string, count: number): Promise<readonly ReceivedMessage[]> {
    const wait = { count, timeoutMs: CONSUME_TIMEOUT_MS, quietMs: QUIET_MS }
    const received = await this.toolbox.awaitMessages(consumer, wait)
    await this.toolbox.stopConsumer(consumer)
    return received
  }

  async consume(subscription: Subscription, count: number): Promise<readonly ReceivedMessage[]> {
    return this.finishConsumer(await this.startConsumer(subscription), count)
  }

  async #open(): Promise<void> {
    this.#scratch = await makeScratch(this.#side)
    await mkdir(this.#peerOptions().scratch)
    const cluster = this.#start(this.#peerOptions())
    this.#toolbox = await JavaToolbox.start(join(this.scratch, 'toolbox'))
    this.#cluster = await cluster
  }

  async #close(): Promise<void> {
    await this.#toolbox?.[Symbol.asyncDispose]()
    await this.#cluster?.kill()
    await this.#scratch?.[Symbol.asyncDispose]()
  }

  #peerOptions(): {
    readonly scratch: string
    readonly settings: Readonly<Record<string, string>>
  } {
    return { scratch: join(this.scratch, 'peer'), settings: this.#settings }
  }
}

/** Messages whose bodies are unique; tags and keys repeat. */
export function numbered(name: string, count: number): readonly OutgoingMessage[] {
  return Array.from({ length: count }, (_, at) => ({
    body: `${name} ${at} – ünïcode`,
    tags: `tag-${at % 3}`,
    keys: [`key-${at}`, `shared-${at % 2}`],
    properties: { origin: 'interop' },
  }))
}

/** What must arrive unchanged, sorted since queues run side by side. */
export function contents(
  messages: readonly (OutgoingMessage | ReceivedMessage)[],
): readonly (readonly [string, string, string])[] {
  return messages
    .map((message) => {
      const keys = typeof message.keys === 'string' ? message.keys : message.keys?.join(' ')
      return [message.body, message.tags ?? '', keys ?? ''] as const
    })
    .sort((left, right) => left[0].localeCompare(right[0]))
}
