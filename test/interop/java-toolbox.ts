import type { ExpectedStore } from '../../scripts/java/expected-store.ts'
import { JavaProcess } from '../../scripts/java/java-process.ts'
import { javaToolchain } from './java-peers.ts'

const READY_TIMEOUT_MS = 60_000
/** Longer than anything that a tool waits for by itself, in milliseconds. */
const ANSWER_TIMEOUT_MS = 120_000

export interface AdminOutput {
  readonly stdout: string
  readonly stderr: string
}

export interface OutgoingMessage {
  readonly body: string
  readonly tags?: string
  readonly keys?: readonly string[]
  readonly properties?: Readonly<Record<string, string>>
  readonly delayLevel?: number
  readonly deliverAfterMs?: number
  /** Marks the message as the first half of a transaction. */
  readonly prepared?: true
}

export interface ProduceRequest {
  readonly nameServer: string
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
  readonly reconsumeTimes: number
  /** When its producer made it, in ms since 1970. */
  readonly bornTimestamp: number
  readonly properties: Readonly<Record<string, string>>
}

export interface ConsumerRequest {
  readonly nameServer: string
  readonly group: string
  readonly topic: string
  /** Tags, as `*` or `a || b`. */
  readonly expression?: string
  readonly sql?: string
  readonly from?: 'first' | 'last'
  /** The broker is asked which queues are the consumer's. @default false */
  readonly brokerRebalance?: boolean
  /** Every message is put off until it was tried again so often. */
  readonly laterTimes?: number
  readonly maxReconsumeTimes?: number
}

export interface ReplyToQuestion {
  readonly body: string
  readonly topic: string
  /** How the send of the reply ended. */
  readonly sendStatus: string
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

type Answer =
  | { readonly ok: true; readonly result: unknown }
  | { readonly ok: false; readonly error: string }

/** Apache RocketMQ's client, admin tool and store in one JVM, which answers request by request. */
export class JavaToolbox implements AsyncDisposable {
  readonly #process: JavaProcess
  #answered = 0
  #last: Promise<unknown> = Promise.resolve()

  private constructor(process: JavaProcess) {
    this.#process = process
  }

  static async start(scratch: string): Promise<JavaToolbox> {
    const process = new JavaProcess(await javaToolchain(), {
      mainClass: 'agena.interop.Toolbox',
      scratch,
      hasInput: true,
    })
    await process.waitForLine((line) => line === 'ready', READY_TIMEOUT_MS)
    return new JavaToolbox(process)
  }

  /** Runs an mqadmin command. */
  admin(...words: readonly string[]): Promise<AdminOutput> {
    return this.#ask('admin', { arguments: words }) as Promise<AdminOutput>
  }

  produce(request: ProduceRequest): Promise<ProduceResult> {
    return this.#ask('produce', request) as Promise<ProduceResult>
  }

  startConsumer(
    request: ConsumerRequest,
  ): Promise<{ readonly consumer?: string; readonly failure?: string }> {
    return this.#ask('consumerStart', request) as Promise<{ consumer?: string; failure?: string }>
  }

  /** Everything received so far, once `count` messages are there or time ran out. */
  awaitMessages(
    consumer: string,
    wait: { readonly count: number; readonly timeoutMs: number; readonly quietMs: number },
  ): Promise<readonly ReceivedMessage[]> {
    return this.#ask('consumerAwait', { consumer, ...wait }) as Promise<ReceivedMessage[]>
  }

  async stopConsumer(consumer: string): Promise<void> {
    await this.#ask('consumerStop', { consumer })
  }

  litePull(request: LitePullRequest): Promise<readonly ReceivedMessage[]> {
    return this.#ask('litePull', request) as Promise<ReceivedMessage[]>
  }

  /** Has one client ask and another reply; the replies, in the order of the questions. */
  requestReply(request: {
    readonly nameServer: string
    readonly topic: string
    readonly questions: readonly string[]
  }): Promise<readonly ReplyToQuestion[]> {
    return this.#ask('requestReply', request) as Promise<ReplyToQuestion[]>
  }

  readStore(request: StoreRequest): Promise<StoreReport> {
    return this.#ask('storeRead', request) as Promise<StoreReport>
  }

  /** Opens a store and keeps it, or says why Java refuses it. */
  openStore(request: StoreRequest): Promise<{ readonly failure?: string }> {
    return this.#ask('storeOpen', request) as Promise<{ failure?: string }>
  }

  async putIntoStore(topic: string, count: number): Promise<void> {
    await this.#ask('storePut', { topic, count })
  }

  /** Has the store that is open delete its expired files. */
  async cleanStore(): Promise<void> {
    await this.#ask('storeClean', {})
  }

  async closeStore(): Promise<void> {
    await this.#ask('storeClose', {})
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill()
  }

  #ask(tool: string, request: object): Promise<unknown> {
    const answer = this.#last.then(() => this.#exchange({ do: tool, ...request }))
    // The caller gets the failure; here it only must not keep the next request back.
    this.#last = answer.catch(() => undefined)
    return answer
  }

  async #exchange(request: object): Promise<unknown> {
    const wanted = this.#answered + 1
    this.#process.writeLine(JSON.stringify(request))
    await this.#process.waitUntil((lines) => answersIn(lines).length >= wanted, ANSWER_TIMEOUT_MS)
    this.#answered = wanted
    const answer = JSON.parse(answersIn(this.#process.lines)[wanted - 1] ?? '') as Answer
    if (!answer.ok) throw new Error(`the Java side failed: ${answer.error}`)
    return answer.result
  }
}

/** RocketMQ's client prints a line of its own now and then. */
function answersIn(lines: readonly string[]): readonly string[] {
  return lines.filter((line) => line.startsWith('{"ok":'))
}
