/** The part of ali-ons that the interop lane uses: the package brings no types of its own. */
declare module 'ali-ons' {
  import type { EventEmitter } from 'node:events'

  interface ClientOptions {
    readonly nameSrv: string
    /** Without one it looks for an address server until memory runs out. */
    readonly httpclient: { request(): void }
    readonly logger: Readonly<Record<'info' | 'warn' | 'error' | 'debug', () => void>>
    readonly clientIP?: string
    /** Clients of one process share what they know when this is equal. */
    readonly instanceName?: string
  }

  export class Message {
    constructor(topic: string, tags: string, body: string)
    readonly topic: string
    readonly tags: string | undefined
    get keys(): string | undefined
    set keys(keys: readonly string[])
    readonly body: Buffer
    readonly msgId: string
  }

  interface SendResult {
    readonly sendStatus: string
    readonly msgId: string
    readonly queueOffset: number
  }

  export class Producer extends EventEmitter {
    constructor(options: ClientOptions & { readonly producerGroup: string })
    ready(): Promise<void>
    send(message: Message): Promise<SendResult>
    close(): Promise<void>
  }

  export class Consumer extends EventEmitter {
    constructor(
      options: ClientOptions & {
        readonly consumerGroup: string
        readonly consumeFromWhere?: string
        readonly rebalanceInterval?: number
      },
    )
    ready(): Promise<void>
    subscribe(topic: string, tags: string, handler: (message: Message) => Promise<void>): void
    close(): Promise<void>
  }
}
