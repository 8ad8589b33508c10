/** A name server and a broker, Apache RocketMQ's or ours, as a scenario sees them. */
export interface Cluster extends NameServerPeer {
  readonly side: Side
  /** `host:port`. */
  readonly broker: string
  readonly dataDirectory: string
}

export interface NameServerPeer {
  /** `host:port`. */
  readonly nameServer: string
  /** A clean end. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}

export type Side = 'java' | 'agena'

export interface PeerOptions {
  /** For everything that a peer leaves behind, its logs included. */
  readonly scratch: string
  /** @default `store` in the scratch folder */
  readonly dataDirectory?: string
  /** Broker settings by their Java names, over the shared ones. */
  readonly settings?: Readonly<Record<string, string>>
  /** @default free ones */
  readonly ports?: { readonly nameServer: number; readonly broker: number }
  /** Brokers side by side, where ours are started so; `broker` is then the first. @default none */
  readonly shards?: number
  /** A name server that runs already; without it the broker gets one of its own. */
  readonly nameServer?: string
}

export const clusterName = 'InteropCluster'
export const brokerName = 'interop-a'

/** What both sides of a comparison run with, by Java's names. */
export const sharedBrokerSettings: Readonly<Record<string, string>> = {
  brokerClusterName: clusterName,
  brokerName,
  brokerIP1: '127.0.0.1',
  brokerIP2: '127.0.0.1',
  mappedFileSizeCommitLog: '1048576',
  mappedFileSizeConsumeQueue: '20000',
  maxHashSlotNum: '1000',
  maxIndexNum: '4000',
  // Off in RocketMQ unless it is told otherwise.
  enablePropertyFilter: 'true',
}
