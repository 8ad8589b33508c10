/** The consuming side of a fake broker: queues in memory, long pulls, offsets, members, locks. */

import { hostOf } from '../../engine/format/host.ts'
import { encodeProperties } from '../../engine/format/properties-codec.ts'
import {
  createRecordSource,
  encodeRecord,
  recordBytes,
} from '../../engine/format/record-encoder.ts'
import { ConsumerList } from '../../net/protocol/consumer-list.ts'
import {
  QueryConsumerOffsetRequestHeader,
  UpdateConsumerOffsetRequestHeader,
} from '../../net/protocol/consumer-offset.ts'
import { decodeHeader } from '../../net/protocol/header-table.ts'
import { HeartbeatData } from '../../net/protocol/heartbeat.ts'
import { decodeBody, encodeBody } from '../../net/protocol/json-shape.ts'
import { LockBatchRequestBody, LockBatchResponseBody } from '../../net/protocol/lock.ts'
import { PullMessageRequestHeader } from '../../net/protocol/pull-message.ts'
import { GetMinOffsetRequestHeader } from '../../net/protocol/queue-offset.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import type { Connection } from '../../net/remoting/connection.ts'
import type { RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { createResponse } from '../../net/remoting/remoting-command.ts'
import type { FakePeer } from './fake-cluster.ts'

/** What a test stores. */
export interface FakeMessage {
  readonly body: string | Buffer
  readonly properties?: Readonly<Record<string, string>>
  readonly sysFlag?: number
  readonly reconsumeTimes?: number
}

interface FakeQueue {
  /** Offset of the first message. */
  minOffset: number
  readonly records: Buffer[]
  readonly parked: Set<() => void>
}

const HOST = hostOf('127.0.0.1', 10_911)
const RECORD_GAP_BYTES = 1_000

export class FakeMessageBroker {
  readonly peer: FakePeer
  readonly #queues = new Map<string, FakeQueue>()
  readonly #offsets = new Map<string, number>()
  /** Client id by connection. */
  readonly #members = new Map<Connection, string>()
  /** Client id by `topic@queueId`, for all groups. */
  readonly locks = new Map<string, string>()

  constructor(peer: FakePeer) {
    this.peer = peer
    peer
      .on(RequestCode.HEART_BEAT, (request, connection) => this.#heartbeat(request, connection))
      .on(RequestCode.UNREGISTER_CLIENT, (request, connection) => {
        if (request.extFields.has('consumerGroup')) this.#leave(connection)
        return createResponse(request, 0)
      })
      .on(RequestCode.GET_CONSUMER_LIST_BY_GROUP, (request) => this.#list(request))
      .on(RequestCode.QUERY_CONSUMER_OFFSET, (request) => this.#queryOffset(request))
      .on(RequestCode.UPDATE_CONSUMER_OFFSET, (request) => this.#updateOffset(request))
      .on(RequestCode.GET_MAX_OFFSET, (request) => this.#edge(request, 'max'))
      .on(RequestCode.GET_MIN_OFFSET, (request) => this.#edge(request, 'min'))
      .on(RequestCode.LOCK_BATCH_MQ, (request) => this.#lock(request))
      .on(RequestCode.UNLOCK_BATCH_MQ, (request) => this.#unlock(request))
      .on(RequestCode.PULL_MESSAGE, (request) => this.#pull(request))
      .on(RequestCode.LITE_PULL_MESSAGE, (request) => this.#pull(request))
  }

  /** Stores a message and answers the pulls that wait for it. */
  append(topic: string, queueId: number, message: FakeMessage): void {
    const queue = this.#queueOf(topic, queueId)
    const source = createRecordSource()
    source.topic = Buffer.from(topic)
    source.topicEnd = source.topic.length
    source.queueId = queueId
    source.sysFlag = message.sysFlag ?? 0
    source.bornHost = HOST
    source.storeHost = HOST
    source.reconsumeTimes = message.reconsumeTimes ?? 0
    source.body = Buffer.from(message.body)
    source.bodyEnd = source.body.length
    source.properties = encodeProperties(new Map(Object.entries(message.properties ?? {})))
    source.propertiesEnd = source.properties.length
    const record = Buffer.alloc(recordBytes(source))
    const offset = queue.minOffset + queue.records.length
    encodeRecord(record, 0, source, offset, offset * RECORD_GAP_BYTES, Date.now())
    queue.records.push(record)
    for (const wake of queue.parked) wake()
  }

  /** A stored message as it lies in the log. */
  recordOf(topic: string, queueId: number, offset: number): Buffer {
    const { minOffset, records } = this.#queueOf(topic, queueId)
    return records[offset - minOffset]!
  }

  /** Drops the oldest messages, as a broker that cleans up. */
  trim(topic: string, queueId: number, count: number): void {
    const queue = this.#queueOf(topic, queueId)
    queue.records.splice(0, count)
    queue.minOffset += count
  }

  committed(group: string, topic: string, queueId: number): number | undefined {
    return this.#offsets.get(`${group}@${topic}@${queueId}`)
  }

  setCommitted(group: string, topic: string, queueId: number, offset: number): void {
    this.#offsets.set(`${group}@${topic}@${queueId}`, offset)
  }

  get memberIds(): readonly string[] {
    return [...this.#members.values()]
  }

  #heartbeat(request: RemotingCommand, connection: Connection): RemotingCommand {
    const { clientID, consumerDataSet } = decodeBody(HeartbeatData, request.body)
    if (consumerDataSet.length > 0 && !this.#members.has(connection)) {
      this.#members.set(connection, clientID)
      void connection.closed.then(() => this.#leave(connection))
      this.#notify(consumerDataSet[0]!.groupName)
    }
    return createResponse(request, 0)
  }

  #leave(connection: Connection): void {
    if (!this.#members.delete(connection)) return
    for (const other of this.#members.keys()) this.#notifyOne(other, '')
  }

  #notify(group: string): void {
    for (const connection of this.#members.keys()) this.#notifyOne(connection, group)
  }

  #notifyOne(connection: Connection, group: string): void {
    const extFields = new Map([['consumerGroup', group === '' ? 'tests' : group]])
    this.peer.pushTo(connection, RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, extFields)
  }

  #list(request: RemotingCommand): RemotingCommand {
    if (this.#members.size === 0) return createResponse(request, 1, { remark: 'no consumer' })
    const body = encodeBody(ConsumerList, { consumerIdList: [...this.#members.values()] })
    return createResponse(request, 0, { body })
  }

  #queryOffset(request: RemotingCommand): RemotingCommand {
    const header = decodeHeader(QueryConsumerOffsetRequestHeader, request.extFields)
    const offset = this.committed(header.consumerGroup, header.topic, header.queueId)
    if (offset === undefined) return createResponse(request, ResponseCode.QUERY_NOT_FOUND)
    return createResponse(request, 0, { extFields: new Map([['offset', String(offset)]]) })
  }

  #updateOffset(request: RemotingCommand): RemotingCommand {
    const header = decodeHeader(UpdateConsumerOffsetRequestHeader, request.extFields)
    const { commitOffset, consumerGroup, queueId, topic } = header
    this.setCommitted(consumerGroup, topic, queueId, commitOffset)
    return createResponse(request, 0)
  }

  #lock(request: RemotingCommand): RemotingCommand {
    const { clientId, mqSet } = decodeBody(LockBatchRequestBody, request.body)
    const lockOKMQSet = mqSet.filter(({ queueId, topic }) => {
      const key = `${topic}@${queueId}`
      if (!this.locks.has(key)) this.locks.set(key, clientId)
      return this.locks.get(key) === clientId
    })
    return createResponse(request, 0, { body: encodeBody(LockBatchResponseBody, { lockOKMQSet }) })
  }

  #unlock(request: RemotingCommand): RemotingCommand {
    const { clientId, mqSet } = decodeBody(LockBatchRequestBody, request.body)
    for (const { queueId, topic } of mqSet) {
      const key = `${topic}@${queueId}`
      if (this.locks.get(key) === clientId) this.locks.delete(key)
    }
    return createResponse(request, 0)
  }

  #edge(request: RemotingCommand, edge: 'min' | 'max'): RemotingCommand {
    const { queueId, topic } = decodeHeader(GetMinOffsetRequestHeader, request.extFields)
    const { minOffset, records } = this.#queueOf(topic, queueId)
    const offset = edge === 'min' ? minOffset : minOffset + records.length
    return createResponse(request, 0, { extFields: new Map([['offset', String(offset)]]) })
  }

  async #pull(request: RemotingCommand): Promise<RemotingCommand> {
    const header = decodeHeader(PullMessageRequestHeader, request.extFields)
    const queue = this.#queueOf(header.topic, header.queueId)
    const maxOffset = (): number => queue.minOffset + queue.records.length
    if (header.queueOffset === maxOffset()) await parked(queue, header.suspendTimeoutMillis)
    const isOutside = header.queueOffset < queue.minOffset || header.queueOffset > maxOffset()
    const at = header.queueOffset - queue.minOffset
    const found = isOutside ? [] : queue.records.slice(at, at + header.maxMsgNums)
    const next = isOutside ? queue.minOffset : header.queueOffset + found.length
    const extFields = new Map([
      ['suggestWhichBrokerId', '0'],
      ['nextBeginOffset', String(next)],
      ['minOffset', String(queue.minOffset)],
      ['maxOffset', String(maxOffset())],
    ])
    if (isOutside) return createResponse(request, ResponseCode.PULL_OFFSET_MOVED, { extFields })
    const code = found.length === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.SUCCESS
    return createResponse(request, code, { extFields, body: Buffer.concat(found) })
  }

  #queueOf(topic: string, queueId: number): FakeQueue {
    const key = `${topic}@${queueId}`
    let queue = this.#queues.get(key)
    if (queue === undefined) {
      queue = { minOffset: 0, records: [], parked: new Set() }
      this.#queues.set(key, queue)
    }
    return queue
  }
}

/** Resolves when a message comes, or after `ms`. */
function parked(queue: FakeQueue, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer)
      queue.parked.delete(wake)
      resolve()
    }
    const timer = setTimeout(wake, ms)
    timer.unref()
    queue.parked.add(wake)
  })
}
