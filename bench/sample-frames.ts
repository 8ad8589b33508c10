/** Frames and records as the Java client and the broker make them: what every suite works on. */
import { hostOf } from '../engine/format/host.ts'
import {
  createRecordSource,
  encodeRecord,
  type RecordSource,
  recordBytes,
} from '../engine/format/record-encoder.ts'
import { OPAQUE_FIRST } from '../net/cli/load/opaque-slots.ts'
import { PullTemplate } from '../net/cli/load/pull-template.ts'
import { createSendTemplate, stampSend } from '../net/cli/load/send-template.ts'
import { TopicNames } from '../net/cli/load/topic-names.ts'
import { UniqueKeys } from '../net/cli/load/unique-keys.ts'
import { PULL_SYS_FLAG } from '../net/protocol/pull-message.ts'
import { FrameSplitter, type RawFrame } from '../net/remoting/frame-splitter.ts'

const TOPIC = 'BenchmarkTopic'
const BROKER_NAME = 'broker-a'
const HOST = hostOf('127.0.0.1', 10911)
const BORN_MS = 1_700_000_000_000
const FRAME_BYTES_MAX = 0x100_0000
const PROPERTIES =
  'UNIQ_KEY\u0001C0A801021F9014DAD5DC0A3B5C7D0001\u0002WAIT\u0001true\u0002TAGS\u0001TagA\u0002'

/** `count` sends of code 310, one after the other. */
export function sendFrames(count: number, bodyBytes: number): Buffer {
  const keys = new UniqueKeys(BORN_MS, 1)
  const shape = {
    topics: new TopicNames(TOPIC),
    brokerName: BROKER_NAME,
    producerGroup: 'bench_group',
    tag: 'TagA',
    bodyBytes,
    batchCount: 1,
    queueId: 3,
  }
  const template = createSendTemplate(shape, keys)
  const frames = Array.from({ length: count }, (_, index) => {
    const frame = Buffer.from(template.frame)
    stampSend(frame, 0, template, OPAQUE_FIRST + index, BORN_MS, keys)
    return frame
  })
  return Buffer.concat(frames)
}

/** `count` pulls of code 11, one after the other. */
export function pullFrames(count: number): Buffer {
  const template = new PullTemplate({
    topic: TOPIC,
    brokerName: BROKER_NAME,
    queueId: 3,
    consumerGroup: 'bench_consumers',
    messageCountMax: 32,
    sysFlag: PULL_SYS_FLAG.SUBSCRIPTION,
    suspendMs: 15_000,
  })
  const frames = Array.from({ length: count }, (_, index) => {
    return Buffer.from(template.frame(OPAQUE_FIRST + index, 123_456 + index))
  })
  return Buffer.concat(frames)
}

/** The positions of the frames that lie in `bytes`. */
export function splitFrames(bytes: Buffer): RawFrame[] {
  const frames: RawFrame[] = []
  const onFrame = (frame: RawFrame): boolean => frames.push({ ...frame }) > 0
  new FrameSplitter({ onFrame }, FRAME_BYTES_MAX).feed(bytes, bytes.length)
  return frames
}

/** A message as the send handler hands it to the log. */
export function sampleSource(bodyBytes: number): RecordSource {
  const source = createRecordSource()
  source.topic = Buffer.from(TOPIC)
  source.topicEnd = source.topic.length
  source.bornTimestampMs = BORN_MS
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = Buffer.alloc(bodyBytes, 'x')
  source.bodyEnd = bodyBytes
  source.properties = Buffer.from(PROPERTIES)
  source.propertiesEnd = source.properties.length
  return source
}

/** `count` records, one after the other. */
export function sampleRecords(count: number, bodyBytes: number): Buffer {
  const source = sampleSource(bodyBytes)
  const size = recordBytes(source)
  const records = Buffer.alloc(count * size)
  for (let index = 0; index < count; index++) {
    encodeRecord(records, index * size, source, index, index * size, BORN_MS)
  }
  return records
}
