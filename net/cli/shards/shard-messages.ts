/** What a command and the processes of its shards tell each other. */
import type { BrokerConfig } from '../../broker/options/broker-options.ts'
import type { TopicConfig } from '../../protocol/topic-config.ts'

/**
 * What a shard is started with. It knows no `broker.conf`, which is one for all: what is changed at
 * it by request holds for its own run.
 */
export interface ShardSettings {
  readonly config: BrokerConfig
}

/** Where a shard is reached. */
export interface ShardAddress {
  /** `host:port` that it listens on. */
  readonly listenAddress: string
  /** `host:port` under which it is registered with the name servers. */
  readonly address: string
  readonly port: number
}

export type ToShard =
  | ({ readonly kind: 'start' } & ShardSettings)
  /** Another shard has made it for its first message. */
  | { readonly kind: 'add-topic'; readonly topic: TopicConfig }
  | { readonly kind: 'stop' }

export type FromShard =
  | ({ readonly kind: 'ready' } & ShardAddress)
  /** It could not start and ends: why, with the error's code where it has one. */
  | { readonly kind: 'failed'; readonly code: string | undefined; readonly text: string }
  | { readonly kind: 'topic-made'; readonly topic: TopicConfig }
