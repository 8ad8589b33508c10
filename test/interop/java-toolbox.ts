import type { ExpectedStore } from '../../scripts/java/expected-store.ts'
import { JavaProcess } from '../../scripts/java/java-process.ts'
import { javaToolchain } from './java-peers.ts'
import { RequestChannel } from './request-channel.ts'

const READY_TIMEOUT_MS = 60_000
/** RocketMQ looks only every 20 s whether a queue is nobody's, unless it is told otherwise. */
const REBALANCE_INTERVAL_MS = 1_000

export interface AdminOutput {
  readonly stdout: string
  readonly stderr: string
}

export interface OutgoingMessage {
  readonly body: string
  readonly tags?: string
  readonly keys?: readonly string[]
  readonly properties?: Readonly<Record<string, string>>
  readonly flag?: number
  readonly delayLevel?: number
  readonly deliverAfterMs?: number
  /** Marks the message as the first half of a transaction. */
  readonly prepared?: true
}

export interface ProduceRequest {
  readonly nameServer: string
  readonly namespace?: string
  readonly group: string
  readonly topic: string
  readonly mode: 'sync' | 'async' | 'oneway' | 'batch'
  readonly retries?: number
  /** A sync send puts message after message into these queues in turn. */
  readonly queueIds?: readonly number[]
  /** @default zlib */
  readonly compressType?: 'zlib' | 'lz4' | 'zstd'
  readonly messages: readonly OutgoingMessage[]
}

export interface SentMessage {
  readonly status: string
  readonly msgId: string
  readonly offsetMsgId: string
  readonly queueId: number
  readonly brokerName: string
  readonly queueOffset: number
}

export interface ProduceResult {
  /** Empty for one-way sends; one row for a whole batch. */
  readonly sent?: readonly SentMessage[]
  readonly failure?: {
    readonly exception: string
    readonly code: number
    readonly message: string
  }
}

export interface ReceivedMessage {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly queueOffset: number
  readonly msgId: string
  readonly offsetMsgId: string
  readonly tags: string | null
  readonly keys: string | null
  readonly body: string
  readonly flag: number
  /** How the body is compressed, among others; only Java's consumers tell. */
  readonly sysFlag?: number
  readonly reconsumeTimes: number
  /** When its producer made it, in ms since 1970. */
  readonly bornTimestamp: number
  /** How many messages the listener got in this call. */
  readonly batchSize: number
  /** When the listener was called, in ms since 1970. */
  readonly startMs: number
  /** When it was done; 0 while it is not. */
  readonly endMs: number
  readonly properties: Readonly<Record<string, string>>
}

/** What a listener does, since its code cannot be sent: the first rule that fits counts, and a
 *  message that none fits is consumed. */
export interface ListenerRule {
  /** What the body begins with. @default any */
  readonly body?: string
  /** The rule holds for so many deliveries of a message, as this listener counts. @default all */
  readonly times?: number
  /** @default success */
  readonly answer?: 'success' | 'later' | 'throw'
  readonly delayLevel?: number
  readonly suspendMs?: number
  /** How long the listener takes. @default 0 */
  readonly holdMs?: number
  /** Whether a reply is sent to the question. @default false */
  readonly reply?: boolean
}

export interface ConsumerRequest {
  readonly nameServer: string
  readonly namespace?: string
  /** Whether rules may reply. @default false */
  readonly replies?: boolean
  readonly group: string
  readonly topic: string
  /** Tags, as `*` or `a || b`. */
  readonly expression?: string
  readonly sql?: string
  /** A number is ms since 1970. @default first */
  readonly from?: 'first' | 'last' | number
  readonly rules?: readonly ListenerRule[]
  /** The broker is asked which queues are the consumer's. @default false */
  readonly brokerRebalance?: boolean
  readonly maxReconsumeTimes?: number
}

export interface LitePullRequest {
  readonly nameServer: string
  readonly group: string
  readonly topic: string
  readonly mode: 'subscribe' | 'assign'
  readonly expression?: string
  readonly count: number
  readonly timeoutMs: number
}

export interface StoreRequest {
  readonly root: string
  readonly settings: ExpectedStore['settings']
}

/** What Java reads in a store folder; bodies are whole. */
export type StoreReport = Pick<
  ExpectedStore,
  'settings' | 'log' | 'queues' | 'index' | 'times' | 'checkpoint'
> & {
  readonly messages: readonly (Omit<
    ExpectedStore['messages'][number],
    'bodyBytes' | 'bodySha256'
  > & { readonly bodyBase64: string })[]
}

/** Apache RocketMQ's client, admin tool and store in one JVM, which answers request by request. */
export class JavaToolbox implements AsyncDisposable {
  readonly #process: JavaProcess
  readonly #channel: RequestChannel

  private constructor(process: JavaProcess) {
    this.#process = process
    this.#channel = new RequestChannel(process)
  }

  static async start(scratch: string): Promise<JavaToolbox> {
    const process = new JavaProcess(await javaToolchain(), {
      mainClass: 'agena.interop.Toolbox',
      scratch,
      properties: { 'rocketmq.client.rebalance.waitInterval': String(REBALANCE_INTERVAL_MS) },
      hasInput: true,
    })
    await process.waitForLine((line) => line === 'ready', READY_TIMEOUT_MS)
    return new JavaToolbox(process)
  }

  /** Runs an mqadmin command. */
  admin(...words: readonly string[]): Promise<AdminOutput> {
    return this.ask('admin', { arguments: words }) as Promise<AdminOutput>
  }

  produce(request: ProduceRequest): Promise<ProduceResult> {
    return this.ask('produce', request) as Promise<ProduceResult>
  }

  startConsumer(
    request: ConsumerRequest,
  ): Promise<{ readonly consumer?: string; readonly failure?: string }> {
    return this.ask('consumerStart', request) as Promise<{ consumer?: string; failure?: string }>
  }

  /** Everything received so far, once `count` messages are there or time ran out. */
  awaitMessages(
    consumer: string,
    wait: { readonly count: number; readonly timeoutMs: number; readonly quietMs: number },
  ): Promise<readonly ReceivedMessage[]> {
    return this.ask('consumerAwait', { consumer, ...wait }) as Promise<ReceivedMessage[]>
  }

  async stopConsumer(consumer: string): Promise<void> {
    await this.ask('consumerStop', { consumer })
  }

  litePull(request: LitePullRequest): Promise<readonly ReceivedMessage[]> {
    return this.ask('litePull', request) as Promise<ReceivedMessage[]>
  }

  readStore(request: StoreRequest): Promise<StoreReport> {
    return this.ask('storeRead', request) as Promise<StoreReport>
  }

  /** Opens a store and keeps it, or says why Java refuses it. */
  openStore(request: StoreRequest): Promise<{ readonly failure?: string }> {
    return this.ask('storeOpen', request) as Promise<{ failure?: string }>
  }

  async putIntoStore(topic: string, count: number): Promise<void> {
    await this.ask('storePut', { topic, count })
  }

  /** Has the store that is open delete its expired files. */
  async cleanStore(): Promise<void> {
    await this.ask('storeClean', {})
  }

  async closeStore(): Promise<void> {
    await this.ask('storeClose', {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
  }

  /** Has one of its tools work on a request; see Toolbox.java. */
  ask(tool: string, request: object): Promise<unknown> {
    return this.#channel.ask(tool, request)
  }
}
