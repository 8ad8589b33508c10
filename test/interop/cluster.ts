/** A name server and a broker, Apache RocketMQ's or ours, as a scenario sees them. */
export interface Cluster {
  readonly side: Side
  /** `host:port`. */
  readonly nameServer: string
  readonly broker: string
  readonly dataDirectory: string
  /** A clean end. */
  stop(): Promise<void>
  /** SIGKILL. */
  kill(): Promise<void>
}

export type Side = 'java' | 'agena'
