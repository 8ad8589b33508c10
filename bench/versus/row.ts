import type { SideName } from './sides/side.ts'

/** What is compared in a row: two brokers, or log libraries in their own processes. */
export type Contender = SideName | LibraryName
export type LibraryName = 'lmdb' | 'classic-level' | 'write stream'

/** What an answer promises: figures of different levels never share a table. */
export const levels = {
  async: 'async flush: an ack means that the message is with the operating system',
  sync: 'sync flush: an ack means that the message is on the disk (fdatasync)',
  sustained: 'async flush, for so long that the disk has its say',
  read: 'reads: nothing is promised',
  start: 'starts',
} as const

export type Level = keyof typeof levels

/** Words of `agena bench` behind the benchmark's name, and what else a run needs. */
export interface BenchLoad {
  readonly benchmark: 'send' | 'consume'
  readonly words: readonly string[]
}

/** How a row is measured. */
export type Work =
  /** Loads that run at the same time against a broker; `fill` puts messages there before. */
  | { readonly kind: 'broker'; readonly loads: readonly BenchLoad[]; readonly fill?: Fill }
  /** Sends on a schedule, received by a push consumer of ours in another process. */
  | { readonly kind: 'push'; readonly rate: number; readonly bodyBytes: number }
  /** A load for a long time, beside what the disk takes alone; heartbeats of another client. */
  | { readonly kind: 'sustained'; readonly load: BenchLoad }
  /** Messages of a topic that are on the disk alone, read once. */
  | { readonly kind: 'cold'; readonly bodyBytes: number; readonly messageCount: number }
  /** Route queries of a name server. */
  | { readonly kind: 'routes'; readonly connections: number; readonly inFlight: number }
  /** Appends in process. */
  | { readonly kind: 'append'; readonly append: AppendShape }
  /** Starting on what a stop left. */
  | { readonly kind: 'start'; readonly messageCount: number }
  /** What our client and the Java client do against our broker: the side measured is the client. */
  | { readonly kind: 'client'; readonly client: ClientWork }

/** What a client does in a {@link Row} of clients, and with bodies of which size. */
export type ClientWork =
  | { readonly kind: 'send'; readonly bodyBytes: number; readonly inFlight: number }
  | {
      readonly kind: 'consume'
      readonly bodyBytes: number
      /** Messages that one call of the listener gets at most. */
      readonly batchMax: number
      /** In the topic. */
      readonly messageCount: number
    }

/** Messages that are there before a row is measured. */
export interface Fill {
  readonly load: BenchLoad
  readonly topicWords: readonly string[]
  readonly messageCount: number
}

export interface AppendShape {
  readonly bodyBytes: number
  readonly batch: number
  /** Messages in flight. */
  readonly inFlight: number
  readonly flush: 'async' | 'sync'
}

/** One line of the comparison, as data. */
export interface Row {
  readonly id: string
  readonly title: string
  readonly level: Level
  /** Body of each message, as `128 B`; empty where there is none. */
  readonly size: string
  /** Requests in flight, or the rate of a schedule. */
  readonly inFlight: string
  /** Messages a request. */
  readonly batch: number
  readonly work: Work
  readonly contenders: readonly Contender[]
  /** Whether the short run has it. */
  readonly isQuick: boolean
  /** Measured so long instead of as long as all others, in milliseconds. */
  readonly durationMs?: number
  /** At most so many rounds: a long turn leaves much on the disk. */
  readonly roundsMax?: number
  /** Says little that other rows do not say: it gets fewer rounds, but for a thorough run. */
  readonly isMinor?: boolean
  /** Rows of the same word run on brokers of their own, started on empty stores. */
  readonly store?: string
}
