/** Finds single messages by their ids and keys. RocketMQ: `MQAdminImpl`. */

import { describeError } from '../../engine/base/errors.ts'
import { parseOffsetMessageId } from '../../engine/format/message-id.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { MASTER_ID } from '../protocol/topic-route.ts'
import { QueryMessageRequestHeader, ViewMessageRequestHeader } from '../protocol/view-message.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import type { ReceivedMessage } from './message.ts'
import { requireInteger } from './option-merge.ts'
import { decodeRecords } from './pulled-messages.ts'
import { refusal, toClientError } from './remote-failure.ts'
import type { BrokerAddress } from './route-cache.ts'

/** What {@link Producer.queryMessages} looks for. */
export interface QueryOptions {
  /** Most messages that each broker answers with. @default 32 */
  readonly countMax?: number | undefined
  /** Only what was stored at this time or later, in ms since 1970. @default 0, from the first */
  readonly fromMs?: number | undefined
  /** Only what was stored at this time or earlier, in ms since 1970. @default no limit */
  readonly toMs?: number | undefined
}

const COUNT_MAX = 32
/** A look-up reads index files and may wait for the disk (Java: 15 s). */
const QUERY_TIMEOUT_MS = 15_000

/** One question to every broker of a topic. */
interface Query {
  readonly topic: string
  readonly key: string
  readonly isUniqueId: boolean
  readonly options: QueryOptions
}

export class MessageQuery {
  readonly #instance: ClientInstance

  constructor(instance: ClientInstance) {
    this.#instance = instance
  }

  /**
   * The message with an offset message id, or else with a unique id; undefined when there is none.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, and of every kind of request
   */
  async view(topic: string, id: string): Promise<ReceivedMessage | undefined> {
    const place = parseOffsetMessageId(id)
    const brokers = await this.#brokersOf(topic)
    // A unique id may read as the address of a host that never was: only brokers are asked.
    const broker = brokers.find(({ address }) => address === place?.storeHost)
    if (place !== undefined && broker !== undefined) {
      const message = await this.#viewAt(topic, broker, place.physicalOffset)
      if (message !== undefined) return message
    }
    const query = { topic, key: id, isUniqueId: true, options: {} }
    return (await this.#askAll(query)).find(({ messageId }) => messageId === id)
  }

  /**
   * The messages of `topic` with `key`, in the order of their store times. Brokers that fail are
   * left out as long as one answers.
   * @throws {ClientError} `CLIENT_OPTION_INVALID`, `CLIENT_TOPIC_NOT_FOUND`, and of every kind of
   *   request when no broker answers
   */
  async byKey(
    topic: string,
    key: string,
    options: QueryOptions,
  ): Promise<readonly ReceivedMessage[]> {
    const found = await this.#askAll({ topic, key, isUniqueId: false, options })
    // The index knows hashes of keys: another key's message may come along.
    return found
      .filter((message) => message.topic === topic && message.keys.includes(key))
      .sort((left, right) => left.storeTimestampMs - right.storeTimestampMs)
  }

  async #brokersOf(topic: string): Promise<readonly BrokerAddress[]> {
    const { routes } = this.#instance
    if (routes.brokersOf(topic).length === 0) await routes.refresh(topic)
    const brokers = routes.brokersOf(topic)
    if (brokers.length > 0) return brokers
    throw new ClientError('CLIENT_TOPIC_NOT_FOUND', `no broker has the topic ${topic}`)
  }

  async #viewAt(
    topic: string,
    { address, brokerName }: BrokerAddress,
    offset: number,
  ): Promise<ReceivedMessage | undefined> {
    const extFields = encodeHeaderFields(ViewMessageRequestHeader, { topic, offset })
    const request = createRequest(RequestCode.VIEW_MESSAGE_BY_ID, { extFields })
    const { body, code } = await this.#instance.brokers.invoke(address, request)
    // Java's broker has no code of its own for «there is none».
    if (code !== ResponseCode.SUCCESS) return undefined
    return (await this.#decode(body, brokerName))[0]
  }

  async #askAll(query: Query): Promise<ReceivedMessage[]> {
    const { countMax = COUNT_MAX } = query.options
    requireInteger({ countMax }, 'countMax', 1)
    const brokers = onePerName(await this.#brokersOf(query.topic))
    const answers = await Promise.allSettled(brokers.map((broker) => this.#ask(broker, query)))
    const failures = answers.filter((answer) => answer.status === 'rejected')
    if (failures.length === answers.length) throw failures[0]!.reason
    for (const { reason } of failures) {
      this.#instance.config.logger.warn(`a broker was not searched: ${describeError(reason)}`)
    }
    return answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []))
  }

  async #ask({ address, brokerName }: BrokerAddress, query: Query): Promise<ReceivedMessage[]> {
    const { isUniqueId, key, options, topic } = query
    const extFields = encodeHeaderFields(QueryMessageRequestHeader, {
      topic,
      key,
      maxNum: options.countMax ?? COUNT_MAX,
      beginTimestamp: options.fromMs ?? 0,
      endTimestamp: options.toMs ?? Number.MAX_SAFE_INTEGER,
      _UNIQUE_KEY_QUERY: isUniqueId,
    })
    const request = createRequest(RequestCode.QUERY_MESSAGE, { extFields })
    const response = await this.#instance.brokers.invoke(address, request, QUERY_TIMEOUT_MS)
    if (response.code === ResponseCode.QUERY_NOT_FOUND) return []
    const peer = `broker ${brokerName} at ${address}`
    if (response.code !== ResponseCode.SUCCESS) throw refusal(response, peer)
    return this.#decode(response.body, brokerName)
  }

  async #decode(body: Buffer, brokerName: string): Promise<ReceivedMessage[]> {
    const pulled = await decodeRecords(body, brokerName).catch((error: unknown) => {
      throw toClientError(error, `broker ${brokerName}`)
    })
    return pulled.map(({ failure, message }) => {
      if (failure !== undefined) throw failure
      return message
    })
  }
}

/** Masters, or where there is none any of their replicas. */
function onePerName(brokers: readonly BrokerAddress[]): readonly BrokerAddress[] {
  const byName = new Map<string, BrokerAddress>()
  for (const broker of brokers) {
    if (broker.brokerId === MASTER_ID || !byName.has(broker.brokerName)) {
      byName.set(broker.brokerName, broker)
    }
  }
  return [...byName.values()]
}
