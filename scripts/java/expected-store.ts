/**
 * Store folders written by Apache RocketMQ 5.5.0, and what Java read back from them.
 * test/fixtures/store-5.5.0/README.md says what each case holds.
 */
export const storeFixtureNames = [
  'plain',
  'batch',
  'v2-long-topic',
  'ipv6',
  'deleted-head',
  'deleted-head-rebuilt',
  'killed',
  'killed-torn',
  'broker',
] as const

export type StoreFixtureName = (typeof storeFixtureNames)[number]

/** A message as Java decodes it. Every 64-bit number but a tags code is a safe integer here. */
export interface ExpectedMessage {
  readonly topic: string
  readonly queueId: number
  readonly queueOffset: number
  readonly physicalOffset: number
  /** The whole record. */
  readonly sizeBytes: number
  /** Of the record format: 2 where the topic's length takes two bytes. */
  readonly version: 1 | 2
  /** The offset message id: store host and physical offset in hexadecimal. */
  readonly msgId: string
  readonly uniqueKey: string | null
  /** Separated by spaces. */
  readonly keys: string | null
  readonly tags: string | null
  readonly flag: number
  readonly sysFlag: number
  readonly bornTimestamp: number
  /** `a.b.c.d:port` or `[v6]:port`. */
  readonly bornHost: string
  readonly storeTimestamp: number
  readonly storeHost: string
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly bodyCrc: number
  readonly bodyBytes: number
  readonly bodySha256: string
  /** Left out of long bodies. */
  readonly bodyBase64?: string
  readonly properties: Readonly<Record<string, string>>
}

/** `[queueOffset, physicalOffset, sizeBytes, tagsCode as a decimal text]`. */
export type ExpectedUnit = readonly [number, number, number, string]

export interface ExpectedQueue {
  readonly topic: string
  readonly queueId: number
  readonly minOffset: number
  readonly maxOffset: number
  readonly maxPhysicalOffset: number
  readonly units: readonly ExpectedUnit[]
  /** How many messages pulling from the minimum to the end returns. */
  readonly readable: number
}

export interface ExpectedLookup {
  readonly topic: string
  readonly key: string
  /** In the order in which the index answers: newest first, at most `maxMsgsNumBatch` (64). */
  readonly physicalOffsets: readonly number[]
}

export interface ExpectedTimeLookup {
  readonly topic: string
  readonly queueId: number
  readonly timestamp: number
  readonly lower: number
  readonly upper: number
}

export interface ExpectedStore {
  readonly rocketmqVersion: string
  /** Broker settings by their Java names. */
  readonly settings: {
    readonly mappedFileSizeCommitLog: number
    readonly mappedFileSizeConsumeQueue: number
    readonly maxHashSlotNum: number
    readonly maxIndexNum: number
  }
  /** False where the `abort` file is there. */
  readonly isCleanStop: boolean
  readonly log: { readonly minOffset: number; readonly maxOffset: number }
  /** The checkpoint file before Java opened the folder. */
  readonly checkpoint: {
    readonly physicMsgTimestamp: number
    readonly logicsMsgTimestamp: number
    readonly indexMsgTimestamp: number
    readonly masterFlushedOffset: number
    readonly confirmPhyOffset: number
  }
  /** Offsets whose senders had an answer before the kill; empty after a clean stop. */
  readonly ackedPhysicalOffsets: readonly number[]
  /** In the order of the log, after Java's recovery. */
  readonly messages: readonly ExpectedMessage[]
  readonly queues: readonly ExpectedQueue[]
  readonly index: readonly ExpectedLookup[]
  readonly times: readonly ExpectedTimeLookup[]
}
