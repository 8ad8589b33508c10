/** What runs on a side, and where it can be reached. */
export interface Side {
  readonly name: SideName
  /** `host:port` of the name server. */
  readonly nameServer: string
  readonly nameServerPid: number
  /** `host:port`. */
  readonly broker: string
  readonly brokerPid: number
  /** From the start of the broker's process until it says that it is ready. */
  readonly readyMs: number
  /** Lets the processes run. */
  resume(): void
  /** Keeps the processes from running: no time of theirs is taken from the other side. */
  pause(): void
  /** A clean end, as a store wants it that is opened again. */
  stop(): Promise<void>
  /** The quick end, for a store that is removed. */
  kill(): Promise<void>
}

export type SideName = 'Agena' | 'RocketMQ'

export interface SideOptions {
  /** Of the broker; made when it is not there. */
  readonly dataDirectory: string
  /** For logs and settings. */
  readonly scratch: string
  readonly flush: 'async' | 'sync'
  /** Size of the log's files. @default what each ships: 1 GiB */
  readonly segmentBytes?: number | undefined
}

export const clusterName = 'VersusCluster'
export const brokerName = 'versus-a'

/** What both sides are told by RocketMQ's names; all other settings are those that each ships. */
export function brokerSettings(options: SideOptions): Readonly<Record<string, string>> {
  const { flush, segmentBytes } = options
  return {
    brokerClusterName: clusterName,
    brokerName,
    brokerIP1: '127.0.0.1',
    brokerIP2: '127.0.0.1',
    bindAddress: '127.0.0.1',
    flushDiskType: flush === 'sync' ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
    messageIndexEnable: 'true',
    ...(segmentBytes === undefined ? {} : { mappedFileSizeCommitLog: String(segmentBytes) }),
  }
}
