/** What Apache RocketMQ 5.5.0 writes and reads: see test/fixtures/records/README.md. */

import { readFileSync } from 'node:fs'
import { parseHost } from '../../../engine/format/host.ts'
import { createRecordSource, type RecordSource } from '../../../engine/format/record-encoder.ts'

export interface GoldenRecord {
  readonly name: string
  readonly topic: string
  readonly queueId: number
  readonly flag: number
  readonly queueOffset: number
  readonly physicalOffset: number
  /** Before and after the bits of the hosts were set. */
  readonly sysFlagGiven: number
  readonly sysFlag: number
  readonly bornTimestampMs: number
  /** As Java prints it: an IPv6 address is written out and has no brackets. */
  readonly bornHost: string
  readonly storeTimestampMs: number
  readonly storeHost: string
  readonly reconsumeTimes: number
  readonly preparedTransactionOffset: number
  readonly bodyCrc: number
  readonly body: string
  readonly propertyString: string
  readonly properties: Record<string, string>
  readonly messageId: string
  readonly bytes: string
}

export interface GoldenBatch {
  readonly name: string
  readonly topic: string
  readonly queueId: number
  readonly bornTimestampMs: number
  readonly storeTimestampMs: number
  readonly bornHost: string
  readonly storeHost: string
  readonly firstQueueOffset: number
  readonly firstPhysicalOffset: number
  readonly messages: readonly {
    readonly flag: number
    readonly body: string
    readonly properties: Record<string, string>
  }[]
  /** The body of the request. */
  readonly bytes: string
  /** The records it becomes. */
  readonly records: string
}

export interface GoldenIndexFile {
  readonly name: string
  readonly slotCount: number
  readonly entryCount: number
  readonly previousEndPhysicalOffset: number
  readonly previousEndTimestampMs: number
  readonly puts: readonly {
    readonly key: string
    readonly physicalOffset: number
    readonly storeTimestampMs: number
    readonly accepted: boolean
  }[]
  readonly foundForOrder1: readonly number[]
  readonly bytes: string
}

interface Golden {
  readonly rocketmqVersion: string
  readonly records: readonly GoldenRecord[]
  readonly batches: readonly GoldenBatch[]
  readonly propertyStrings: readonly {
    readonly text: string
    readonly properties: Record<string, string>
  }[]
  readonly propertyMaps: readonly {
    readonly properties: Record<string, string>
    readonly text: string
  }[]
  readonly propertyNames: Record<string, string>
  readonly reservedPropertyNames: readonly string[]
  readonly hashes: readonly {
    readonly text: string
    readonly hash: number
    readonly positiveHash: number
    readonly tagsCode: number
  }[]
  readonly malformedUtf8Hashes: readonly { readonly bytes: string; readonly hash: number }[]
  readonly bodyCrcs: readonly { readonly length: number; readonly crc: number }[]
  readonly index: readonly GoldenIndexFile[]
  readonly checkpoint: {
    readonly physicMsgTimestamp: number
    readonly logicsMsgTimestamp: number
    readonly indexMsgTimestamp: number
    readonly masterFlushedOffset: number
    readonly confirmPhyOffset: number
    readonly logicsPhysicalOffset: number
    readonly fileBytes: number
    readonly head: string
  }
  readonly messageIds: readonly {
    readonly id: string
    readonly storeHost: string
    readonly physicalOffset: number
  }[]
  readonly uniqueMessageIds: readonly {
    readonly address: string
    readonly pid: number
    readonly instance: number
    readonly sinceMonthStartMs: number
    readonly counter: number
    readonly id: string
  }[]
  readonly segmentNames: Record<string, number>
  readonly indexFileNames: Record<
    string,
    readonly [number, number, number, number, number, number, number]
  >
}

// From the compiled file, which is one folder deeper than the source.
const GOLDEN_URL = new URL('../../../../test/fixtures/records/golden.json', import.meta.url)

export const golden: Golden = JSON.parse(readFileSync(GOLDEN_URL, 'utf8'))

/** The bytes that a golden file writes in hexadecimal. */
export function bytesOf(hex: string): Buffer {
  return Buffer.from(hex, 'hex')
}

/** The encoder's source of a golden record; the fields lie off the start of their buffers. */
export function sourceOf(record: GoldenRecord): RecordSource {
  const source = createRecordSource()
  source.topic = Buffer.from(`?${record.topic}?`)
  source.topicStart = 1
  source.topicEnd = source.topic.length - 1
  source.queueId = record.queueId
  source.flag = record.flag
  source.sysFlag = record.sysFlagGiven
  source.bornTimestampMs = record.bornTimestampMs
  source.bornHost = parseHost(record.bornHost)
  source.storeHost = parseHost(record.storeHost)
  source.reconsumeTimes = record.reconsumeTimes
  source.preparedTransactionOffset = record.preparedTransactionOffset
  source.body = Buffer.concat([Buffer.from('??'), bytesOf(record.body), Buffer.from('?')])
  source.bodyStart = 2
  source.bodyEnd = source.body.length - 1
  source.properties = Buffer.from(`???${record.propertyString}?`)
  source.propertiesStart = 3
  source.propertiesEnd = source.properties.length - 1
  return source
}

/** A host as Agena prints it, from Java's form. */
export function readableHost(javaHost: string): string {
  return javaHost
    .replace('2001:db8:0:0:0:0:0:17:', '[2001:db8::17]:')
    .replace('fe80:0:0:0:a:0:0:1:', '[fe80::a:0:0:1]:')
}
