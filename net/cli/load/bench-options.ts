/** What every benchmark is told. */
export interface MeasureOptions {
  /** Messages to measure. */
  readonly count?: number
  /** How long to measure, in milliseconds. */
  readonly duration: number
  /** How long to run before that, in milliseconds. */
  readonly warmup: number
  /** Directory whose disk is measured. */
  readonly data: string
  readonly hlog?: string
  readonly json?: boolean
  readonly quiet?: boolean
}

/** What every benchmark that drives a broker is told. */
export interface BenchOptions extends MeasureOptions {
  /** `host:port` of a name server. */
  readonly namesrv: string
  /** `host:port` of the one broker to drive. */
  readonly broker?: string
  readonly topic: string
  /** How many topics of that name and a number; 1 when nothing is said. */
  readonly topics?: number
  /** Queues of a topic that has to be created. */
  readonly queues: number
  readonly connections: number
  readonly inFlight: number
  /** Processes of the broker. */
  readonly pid: readonly number[]
  /** What the broker promises with an ack, when it does not say. */
  readonly durability?: string
}

export interface SendBenchOptions extends BenchOptions {
  readonly size: number
  readonly batch: number
  /** Messages a second. */
  readonly rate?: number
  /** Whether each body begins with the time at which it was due. */
  readonly stamp?: boolean
}

export interface ConsumeBenchOptions extends BenchOptions {
  readonly group: string
  /** Messages that one pull asks for. */
  readonly pull: number
  /** Only messages with one of these tags. */
  readonly tags?: string
  /** Only messages whose properties meet this condition. */
  readonly sql?: string
}

export interface EndToEndBenchOptions extends SendBenchOptions {
  readonly rate: number
  readonly group: string
  readonly pull: number
}

/** What the benchmark of the log library is told. */
export interface AppendBenchOptions extends MeasureOptions {
  readonly size: number
  readonly batch: number
  /** Appends in flight, each of a message or a batch. */
  readonly inFlight: number
  readonly queues: number
  readonly flush: 'async' | 'sync'
  readonly segmentPreparation: 'allocate' | 'write'
  /** Size of the log's files. */
  readonly segmentSize: number
  /** Whether messages can be looked up by key. */
  readonly index: boolean
}
