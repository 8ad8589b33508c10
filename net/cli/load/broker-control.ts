import { ClusterInfo } from '../../protocol/cluster-info.ts'
import {
  decodeHeader,
  encodeHeaderFields,
  type HeaderInput,
  type HeaderTable,
} from '../../protocol/header-table.ts'
import { parseJavaProperties, propertiesToMap } from '../../protocol/java-properties.ts'
import { decodeBody } from '../../protocol/json-shape.ts'
import {
  GetMaxOffsetRequestHeader,
  GetMinOffsetRequestHeader,
  QueueOffsetResponseHeader,
} from '../../protocol/queue-offset.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { KVTable } from '../../protocol/runtime-info.ts'
import {
  CreateTopicRequestHeader,
  GetTopicConfigRequestHeader,
  TopicConfig,
} from '../../protocol/topic-config.ts'
import { type BrokerData, MASTER_ID, PERMISSION } from '../../protocol/topic-route.ts'
import type { RemotingClient } from '../../remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { LoadError } from './errors.ts'

const TIMEOUT_MS = 5000

/** What a benchmark asks a broker or name server beside its load. */
export class BrokerControl {
  readonly address: string
  readonly #client: RemotingClient

  constructor(client: RemotingClient, address: string) {
    this.#client = client
    this.address = address
  }

  /** The broker's settings by their Java names; empty when it does not tell. */
  async settings(): Promise<Map<string, string>> {
    const response = await this.#invoke(createRequest(RequestCode.GET_BROKER_CONFIG))
    if (response.code !== ResponseCode.SUCCESS) return new Map()
    return propertiesToMap(parseJavaProperties(response.body.toString('utf8')))
  }

  /** The topic's configuration; undefined when there is none. */
  async topicConfig(topic: string): Promise<TopicConfig | undefined> {
    const request = requestOf(RequestCode.GET_TOPIC_CONFIG, GetTopicConfigRequestHeader, { topic })
    const response = await this.#invoke(request)
    if (response.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    return decodeBody(TopicConfig, succeeded(response, `the topic ${topic}`).body)
  }

  async createTopic(topic: string, queueCount: number): Promise<void> {
    const request = requestOf(RequestCode.UPDATE_AND_CREATE_TOPIC, CreateTopicRequestHeader, {
      topic,
      defaultTopic: 'TBW102',
      readQueueNums: queueCount,
      writeQueueNums: queueCount,
      perm: PERMISSION.READ | PERMISSION.WRITE,
      topicFilterType: 'SINGLE_TAG',
      topicSysFlag: 0,
      order: false,
      force: false,
    })
    succeeded(await this.#invoke(request), `creating the topic ${topic}`)
  }

  /** Queue offset behind the newest message that a consumer could read. */
  async maxOffset(topic: string, queueId: number): Promise<number> {
    const header = { topic, queueId, committed: true }
    const request = requestOf(RequestCode.GET_MAX_OFFSET, GetMaxOffsetRequestHeader, header)
    return offsetOf(await this.#invoke(request))
  }

  /** Queue offset of the oldest message. */
  async minOffset(topic: string, queueId: number): Promise<number> {
    const header = { topic, queueId }
    const request = requestOf(RequestCode.GET_MIN_OFFSET, GetMinOffsetRequestHeader, header)
    return offsetOf(await this.#invoke(request))
  }

  /** Bytes of the log that are not in queues and index yet; 0 when the broker does not tell. */
  async dispatchBehindBytes(): Promise<number> {
    const table = runtimeTable(succeeded(await this.#runtimeInfo(), 'its runtime information'))
    return Number(table.get('dispatchBehindBytes') ?? 0)
  }

  /**
   * Physical offset behind the log's newest message; undefined when the broker does not tell.
   * Apache RocketMQ fails to say anything while some of its files are not there yet.
   */
  async logEndOffset(): Promise<number | undefined> {
    const response = await this.#runtimeInfo()
    if (response.code !== ResponseCode.SUCCESS) return undefined
    const text = runtimeTable(response).get('commitLogMaxOffset')
    return text === undefined ? undefined : Number(text)
  }

  /** The master brokers that this name server knows. */
  async masters(): Promise<BrokerData[]> {
    const response = await this.#invoke(createRequest(RequestCode.GET_BROKER_CLUSTER_INFO))
    const { brokerAddrTable } = decodeBody(ClusterInfo, succeeded(response, 'the cluster').body)
    return [...brokerAddrTable.values()].filter(({ brokerAddrs }) => brokerAddrs.has(MASTER_ID))
  }

  #runtimeInfo(): Promise<RemotingCommand> {
    return this.#invoke(createRequest(RequestCode.GET_BROKER_RUNTIME_INFO))
  }

  #invoke(request: RemotingCommand): Promise<RemotingCommand> {
    return this.#client.invoke(this.address, request, TIMEOUT_MS)
  }
}

function runtimeTable({ body }: RemotingCommand): ReadonlyMap<string, string> {
  return decodeBody(KVTable, body).table
}

function requestOf<T extends HeaderTable>(
  code: number,
  table: T,
  header: HeaderInput<T>,
): RemotingCommand {
  return createRequest(code, { extFields: encodeHeaderFields(table, header) })
}

function offsetOf(response: RemotingCommand): number {
  const { extFields } = succeeded(response, 'the offset of a queue')
  return decodeHeader(QueueOffsetResponseHeader, extFields).offset
}

function succeeded(response: RemotingCommand, what: string): RemotingCommand {
  if (response.code === ResponseCode.SUCCESS) return response
  const { code, remark = '' } = response
  throw new LoadError('LOAD_REFUSED', `the broker refuses ${what} with code ${code}: ${remark}`)
}
