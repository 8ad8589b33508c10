/** A broker in memory that answers what a benchmark asks, as fast or as badly as a test wants. */
import { createBatchMessageView, readBatchMessage } from '../../../../engine/format/batch-format.ts'
import { hostOf } from '../../../../engine/format/host.ts'
import {
  createRecordSource,
  encodeRecord,
  recordBytes,
} from '../../../../engine/format/record-encoder.ts'
import { decodeHeader, encodeHeaderFields } from '../../../../net/protocol/header-table.ts'
import { encodeBody } from '../../../../net/protocol/json-shape.ts'
import {
  PULL_SYS_FLAG,
  PullMessageRequestHeader,
  PullMessageResponseHeader,
} from '../../../../net/protocol/pull-message.ts'
import { QueueOffsetResponseHeader } from '../../../../net/protocol/queue-offset.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import { KVTable } from '../../../../net/protocol/runtime-info.ts'
import {
  fromShortNames,
  SendMessageRequestHeaderV2,
} from '../../../../net/protocol/send-message.ts'
import { TopicConfig } from '../../../../net/protocol/topic-config.ts'
import { createResponse, type RemotingCommand } from '../../../../net/remoting/remoting-command.ts'
import { FakePeer } from '../../../helpers/fake-cluster.ts'

const HOST = hostOf('127.0.0.1', 10911)
const LONG_POLL_MS_MAX = 200

export class FakeBroker implements AsyncDisposable {
  readonly peer = new FakePeer('fake')
  /** Bodies by queue id. */
  readonly queues: Buffer[][] = []
  /** How the next sends are answered: an error code, or 0. */
  sendCode: () => number = () => 0
  /** How far its queues are behind its log. */
  behindBytes: () => number = () => 0
  /** How long an answer to a send is kept back, in ms. */
  delayMs: () => number = () => 0
  #waiting: (() => void)[] = []

  static async start(): Promise<FakeBroker> {
    const broker = new FakeBroker()
    const { peer } = broker
    peer.on(RequestCode.GET_BROKER_CONFIG, (request) => {
      const body = Buffer.from('brokerName=fake\nflushDiskType=ASYNC_FLUSH\n')
      return createResponse(request, 0, { body })
    })
    peer.on(RequestCode.GET_BROKER_RUNTIME_INFO, (request) => {
      const behindBytes = String(broker.behindBytes())
      const table = new Map([['dispatchBehindBytes', behindBytes]])
      return createResponse(request, 0, { body: encodeBody(KVTable, { table }) })
    })
    peer.on(RequestCode.GET_TOPIC_CONFIG, (request) => broker.#topicConfig(request))
    peer.on(RequestCode.UPDATE_AND_CREATE_TOPIC, (request) => broker.#createTopic(request))
    peer.on(RequestCode.GET_MIN_OFFSET, (request) => offsetResponse(request, 0))
    peer.on(RequestCode.GET_MAX_OFFSET, (request) => {
      return offsetResponse(
        request,
        broker.queues[Number(request.extFields.get('queueId'))]!.length,
      )
    })
    peer.on(RequestCode.SEND_MESSAGE_V2, (request) => broker.#send(request, [request.body]))
    peer.on(RequestCode.SEND_BATCH_MESSAGE, (request) => {
      return broker.#send(request, bodiesOfBatch(request.body))
    })
    peer.on(RequestCode.PULL_MESSAGE, (request) => broker.#pull(request))
    await peer.listen()
    return broker
  }

  get address(): string {
    return this.peer.address
  }

  get messageCount(): number {
    return this.queues.reduce((sum, queue) => sum + queue.length, 0)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.peer.stop()
  }

  #topicConfig(request: RemotingCommand): RemotingCommand {
    if (this.queues.length === 0) return createResponse(request, ResponseCode.TOPIC_NOT_EXIST)
    const body = encodeBody(TopicConfig, {
      attributes: new Map(),
      order: false,
      perm: 6,
      readQueueNums: this.queues.length,
      topicFilterType: 'SINGLE_TAG',
      topicName: request.extFields.get('topic') ?? '',
      topicSysFlag: 0,
      writeQueueNums: this.queues.length,
    })
    return createResponse(request, 0, { body })
  }

  #createTopic(request: RemotingCommand): RemotingCommand {
    const count = Number(request.extFields.get('writeQueueNums'))
    for (let queueId = 0; queueId < count; queueId++) this.queues.push([])
    return createResponse(request, 0)
  }

  async #send(request: RemotingCommand, bodies: Buffer[]): Promise<RemotingCommand> {
    const header = fromShortNames(decodeHeader(SendMessageRequestHeaderV2, request.extFields))
    const code = this.sendCode()
    if (code !== 0) return createResponse(request, code, { remark: 'as the test wants it' })
    const delayMs = this.delayMs()
    if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs))
    this.queues[header.queueId]!.push(...bodies)
    for (const wake of this.#waiting.splice(0)) wake()
    return createResponse(request, 0, { extFields: new Map([['msgId', '7F000001']]) })
  }

  async #pull(request: RemotingCommand): Promise<RemotingCommand> {
    const header = decodeHeader(PullMessageRequestHeader, request.extFields)
    const queue = this.queues[header.queueId]!
    const maySuspend = (header.sysFlag & PULL_SYS_FLAG.SUSPEND) !== 0
    if (maySuspend && header.queueOffset >= queue.length) await this.#nextMessage()
    const bodies = queue.slice(header.queueOffset, header.queueOffset + header.maxMsgNums)
    const records = bodies.map((body, index) => recordOf(header, index, body))
    const code = bodies.length > 0 ? 0 : ResponseCode.PULL_NOT_FOUND
    const extFields = encodeHeaderFields(PullMessageResponseHeader, {
      suggestWhichBrokerId: 0,
      nextBeginOffset: header.queueOffset + bodies.length,
      minOffset: 0,
      maxOffset: queue.length,
    })
    return createResponse(request, code, { extFields, body: Buffer.concat(records) })
  }

  #nextMessage(): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, LONG_POLL_MS_MAX)
      this.#waiting.push(() => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
}

function offsetResponse(request: RemotingCommand, offset: number): RemotingCommand {
  const extFields = encodeHeaderFields(QueueOffsetResponseHeader, { offset })
  return createResponse(request, 0, { extFields })
}

function bodiesOfBatch(batch: Buffer): Buffer[] {
  const bodies: Buffer[] = []
  const view = createBatchMessageView()
  for (let at = 0; at < batch.length; at += view.totalBytes) {
    if (!readBatchMessage(batch, at, batch.length, view)) throw new Error('a torn batch')
    bodies.push(batch.subarray(view.bodyStart, view.bodyEnd))
  }
  return bodies
}

function recordOf(
  { topic, queueId, queueOffset }: { topic: string; queueId: number; queueOffset: number },
  index: number,
  body: Buffer,
): Buffer {
  const source = createRecordSource()
  source.topic = Buffer.from(topic)
  source.topicEnd = source.topic.length
  source.queueId = queueId
  source.bornHost = HOST
  source.storeHost = HOST
  source.body = body
  source.bodyEnd = body.length
  const record = Buffer.alloc(recordBytes(source))
  encodeRecord(record, 0, source, queueOffset + index, 0, Date.now())
  return record
}
