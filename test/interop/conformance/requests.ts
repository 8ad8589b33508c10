/** What a client program is asked, Java's and ours alike; Toolbox.java reads the same. */
import type { ListenerRule, OutgoingMessage, ProduceResult } from '../java-toolbox.ts'

/** What all clients are told. */
export interface ClientRequest {
  readonly nameServer: string
  readonly group: string
  /** @default one of its own */
  readonly instanceName?: string
  readonly namespace?: string
  /** Whether what the client does is traced. @default false */
  readonly trace?: boolean
}

export type CompressType = 'ZLIB' | 'LZ4' | 'ZSTD'

export interface ProducerStart extends ClientRequest {
  readonly compressFromBytes?: number
  readonly compressType?: CompressType
}

export interface Send {
  readonly topic: string
  /** Without meaning where queues or a key are given. */
  readonly mode?: 'sync' | 'async' | 'oneway' | 'batch'
  readonly queueIds?: readonly number[]
  readonly shardingKey?: string
  readonly messages: readonly OutgoingMessage[]
}

export interface Question {
  readonly topic: string
  readonly message: OutgoingMessage
  readonly timeoutMs: number
}

/** By the id of either kind, or by a key. */
export interface Find {
  readonly topic: string
  readonly messageId?: string
  readonly key?: string
}

export interface Refusal {
  readonly exception: string
  /** The broker's response code, or one that is the client's own. */
  readonly code: number
  readonly message: string
}

export interface Reply {
  readonly body?: string
  readonly topic?: string
  readonly failure?: Refusal
}

export type SendOutcome = ProduceResult

export interface Subscription {
  readonly topic: string
  /** Tags, as `*` or `a || b`. */
  readonly expression?: string
  readonly sql?: string
}

export interface PushStart extends ClientRequest, Subscription {
  /** A number is ms since 1970. @default first */
  readonly from?: 'first' | 'last' | number
  /** @default concurrently */
  readonly mode?: 'concurrently' | 'orderly'
  /** @default clustering */
  readonly model?: 'clustering' | 'broadcasting'
  /** @default averagely */
  readonly strategy?: 'circle' | 'consistentHash'
  readonly rules?: readonly ListenerRule[]
  /** Whether rules may reply. @default false */
  readonly replies?: boolean
  readonly maxReconsumeTimes?: number
  readonly batchSizeMax?: number
  readonly pullCountMax?: number
  readonly concurrency?: number
  readonly suspendMs?: number
  readonly queueCountMax?: number
  readonly totalCountMax?: number
  readonly queueSpanMax?: number
  readonly consumeTimeoutMs?: number
}

export interface PushStarted {
  readonly consumer?: string
  readonly clientId?: string
  /** The client's message where it refuses to start. */
  readonly failure?: string
}

export interface PushSteer extends Partial<Subscription> {
  readonly action: 'assigned' | 'subscribe' | 'unsubscribe' | 'pause' | 'resume'
}

export interface Await {
  readonly count: number
  readonly timeoutMs: number
  readonly quietMs: number
}

/** Subscribes where a topic is given. */
export interface LiteStart extends ClientRequest, Partial<Subscription> {
  readonly from?: 'first' | 'last'
  /** @default false */
  readonly autoCommit?: boolean
}

export interface LiteSteer {
  readonly action:
    | 'assign'
    | 'assigned'
    | 'poll'
    | 'seek'
    | 'commit'
    | 'committed'
    | 'pause'
    | 'resume'
  readonly topic: string
  /** @default all of the topic's queues */
  readonly queueIds?: readonly number[]
  readonly to?: number | 'first' | 'last'
  /** Seeks the first message that was stored then, in ms since 1970, or later. */
  readonly atMs?: number
  readonly timeoutMs?: number
}

export interface Outcome {
  readonly result?: unknown
  readonly failure?: Refusal
}

export interface PullOnce extends ClientRequest {
  readonly topic: string
  readonly brokerName: string
  readonly queueId: number
  readonly offset: number
  readonly expression: string
}

/** Status as Java names it. */
export interface PulledOnce {
  readonly status: string
  readonly nextOffset: number
  readonly count: number
}

export interface RunningInfo {
  readonly queues: readonly { readonly cachedCount: number; readonly locked: boolean }[]
}

export interface Connection {
  readonly clientIds: readonly string[]
}
