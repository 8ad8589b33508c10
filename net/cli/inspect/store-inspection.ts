/** What `agena store inspect` finds in a directory. Times are in ms since 1970, 0 for never. */
import type { Checkpoint } from '../../../engine/format/checkpoint-format.ts'
import type { LockHolder } from './lock-holder.ts'

export interface StoreInspection {
  readonly directory: string
  readonly state: StoreState
  readonly log: LogInspection
  /** By name; what the queues have of each. */
  readonly topics: readonly TopicInspection[]
  readonly queues: readonly QueueInspection[]
  readonly indexFiles: readonly IndexInspection[]
  readonly checkpoint: Checkpoint | undefined
  /** What RocketMQ or Agena would stumble over, as sentences. */
  readonly problems: readonly string[]
}

export interface StoreState {
  readonly lock: LockHolder
  /** False after a kill or a crash, and while a process runs on the store. */
  readonly isCleanlyStopped: boolean
  /** Names of the files in `config/`. */
  readonly configFiles: readonly string[]
}

export interface LogInspection {
  /** Physical offset of the oldest segment. */
  readonly startOffset: number
  /** Physical offset behind the last whole record. */
  readonly endOffset: number
  readonly segments: readonly SegmentInspection[]
}

export interface SegmentInspection {
  readonly name: string
  readonly startOffset: number
  readonly sizeBytes: number
  /** Bytes that the file takes on the disk. */
  readonly diskBytes: number
  /** Store time of its first record. */
  readonly firstTimestampMs: number
  /** `hashed`: `agena store verify` finds a change of any byte. `open`: it is not full yet. */
  readonly hashes: 'hashed' | 'missing' | 'damaged' | 'open'
}

export interface QueueInspection {
  readonly topic: string
  readonly queueId: number
  /** Queue offset of the oldest message that the log still holds. */
  readonly minOffset: number
  /** Queue offset behind the newest message. */
  readonly maxOffset: number
  readonly fileCount: number
  readonly diskBytes: number
  /** Store times of the oldest and the newest message. */
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
}

export interface TopicInspection {
  readonly topic: string
  readonly queueCount: number
  /** Messages that can be read. */
  readonly messageCount: number
  /** What its queues take on the disk; its messages are in the log. */
  readonly diskBytes: number
  readonly firstTimestampMs: number
  readonly lastTimestampMs: number
}

export interface IndexInspection {
  readonly name: string
  /** Keys in the file. */
  readonly keyCount: number
  readonly sizeBytes: number
  readonly diskBytes: number
  readonly beginTimestampMs: number
  readonly endTimestampMs: number
  readonly endPhysicalOffset: number
}
