import { describeError } from '../../engine/base/errors.ts'
import { decodeHeader, encodeHeaderFields } from '../protocol/header-table.ts'
import { GetMaxOffsetRequestHeader } from '../protocol/queue-offset.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { SendHeaderWriter, SendMessageResponseHeader } from '../protocol/send-message.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError, type ClientErrorCode } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import type { ClientOptions } from './client-options.ts'
import { SendHooks } from './hook-calls.ts'
import type { SendContext, SentMessage } from './hooks.ts'
import { LatencyFaults, type SendOutcome } from './latency-fault.ts'
import type { SendStatus } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { unwrapQueue } from './namespace.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { ProducerConfig } from './producer-options.ts'
import { brokerWishes, RoundRobin } from './queue-choice.ts'
import { refusal, toClientError } from './remote-failure.ts'

/** Where and how safely a request's messages are stored. */
export interface StoredReceipt {
  readonly status: SendStatus
  /** One id, or the ids of a batch separated by commas. */
  readonly offsetMessageId: string
  readonly queue: MessageQueue
  readonly queueOffset: number
  readonly regionId: string
  /** Whether the broker wants messages to be traced. */
  readonly isTraceOn: boolean
}

/** What a {@link MessageSender} needs to know of its producer. */
export type SenderConfig = Omit<ProducerConfig, keyof ClientOptions>

/** One way of sending a message. */
interface Attempt<T> {
  readonly isOneway: boolean
  readonly exchange: (address: string) => Promise<T>
  /** How the message is stored; undefined where that is not known. */
  readonly sentOf: (result: T) => SentMessage | undefined
}

const DEFAULT_REGION = 'DefaultRegion'

const STATUS_BY_CODE: ReadonlyMap<number, SendStatus> = new Map<number, SendStatus>([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
])

/** Failures without an answer that say nothing about other brokers. */
const TRY_ELSEWHERE: ReadonlySet<ClientErrorCode> = new Set([
  'CLIENT_BROKER_NOT_FOUND',
  'CLIENT_SEND_FORBIDDEN',
])

/** Sends prepared messages: finds a queue and its broker, and tries again elsewhere. */
export class MessageSender {
  readonly #instance: ClientInstance
  readonly #config: SenderConfig
  readonly #faults: LatencyFaults
  readonly #hooks: SendHooks
  readonly #headers: SendHeaderWriter
  /** Takes the queues in turn, those of each route for themselves, for as long as it holds. */
  readonly #turns = new WeakMap<readonly MessageQueue[], RoundRobin>()

  constructor(instance: ClientInstance, config: SenderConfig) {
    this.#instance = instance
    this.#config = config
    this.#faults = new LatencyFaults(config)
    const { forbiddenHooks, group, sendHooks, templateTopic, topicQueueCount } = config
    this.#headers = new SendHeaderWriter({
      producerGroup: group,
      defaultTopic: templateTopic,
      defaultTopicQueueNums: topicQueueCount,
    })
    this.#hooks = new SendHooks(sendHooks, forbiddenHooks, instance.config.logger)
  }

  /**
   * The queues that a message to `topic` can go to, at least one.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, and as {@link NameServerClient.route}
   */
  async queuesOf(topic: string): Promise<readonly MessageQueue[]> {
    const { templateTopic, topicQueueCount } = this.#config
    const template = { topic: templateTopic, queueCountMax: topicQueueCount }
    const route = await this.#instance.routes.writeRoute(topic, template)
    if (route !== undefined && route.writeQueues.length > 0) return route.writeQueues
    const message = `no queue of topic ${topic} can be written to`
    throw new ClientError('CLIENT_TOPIC_NOT_FOUND', `${message}, nor of ${templateTopic}`)
  }

  /**
   * Sends `message` to one queue after the other until one takes it.
   * @throws {ClientError} `CLIENT_TOPIC_NOT_FOUND`, or the failure of the last attempt
   */
  async send(message: OutgoingMessage, timeoutMs: number): Promise<StoredReceipt> {
    const deadlineMs = performance.now() + timeoutMs
    const known = this.#instance.routes.knownWriteRoute(message.topic)
    const queues = known?.writeQueues ?? (await this.queuesOf(message.topic))
    const tried: string[] = []
    let lastError: ClientError | undefined
    let unsafe: StoredReceipt | undefined
    while (tried.length <= this.#config.retryCountMax) {
      const leftMs = deadlineMs - performance.now()
      if (leftMs <= 0) break
      const wishes = brokerWishes(tried, this.#faults)
      const queue = this.#turnOf(queues).next(queues, wishes)
      tried.push(queue.brokerName)
      try {
        const receipt = await this.sendTo(queue, message, this.#attemptMs(leftMs, tried.length))
        if (receipt.status === 'SEND_OK' || !this.#config.retryWhenNotSafe) return receipt
        unsafe = receipt
      } catch (error) {
        if (!(error instanceof ClientError)) throw error
        if (!this.#isWorthRetrying(error)) {
          if (unsafe !== undefined) return unsafe
          throw error
        }
        lastError = error
      }
    }
    if (unsafe !== undefined) return unsafe
    throw allFailed(message.topic, tried, timeoutMs, lastError)
  }

  /**
   * Sends `message` to `queue` once.
   * @throws {ClientError} `CLIENT_BROKER_NOT_FOUND`, `CLIENT_BROKER_UNREACHABLE`,
   *   `CLIENT_REQUEST_REFUSED`, `CLIENT_RESPONSE_INVALID`, `CLIENT_TIMEOUT`, `CLIENT_CLOSED`
   */
  sendTo(queue: MessageQueue, message: OutgoingMessage, timeoutMs: number): Promise<StoredReceipt> {
    const startedMs = performance.now()
    return this.#attempt(queue, message, {
      isOneway: false,
      exchange: async (address) => {
        const leftMs = timeoutMs - (performance.now() - startedMs)
        const request = this.#requestOf(queue, message)
        const response = await this.#instance.brokers.invoke(address, request, leftMs)
        return this.#receiptOf(queue, response, address)
      },
      sentOf: (receipt) => sentBy(message, receipt),
    })
  }

  /** Sends `message` to `queue` and does not wait for an answer. @throws as {@link sendTo} */
  sendOnewayTo(queue: MessageQueue, message: OutgoingMessage): Promise<void> {
    return this.#attempt(queue, message, {
      isOneway: true,
      exchange: (address) =>
        this.#instance.brokers.invokeOneway(address, this.#requestOf(queue, message)),
      sentOf: () => undefined,
    })
  }

  /** The next queue of a topic in turn. */
  async nextQueue(topic: string): Promise<MessageQueue> {
    const queues = await this.queuesOf(topic)
    return this.#turnOf(queues).next(queues, brokerWishes([], this.#faults))
  }

  /** Asks the brokers that were lost whether they are back (Java: `startDetector`). */
  async detectFaults(): Promise<void> {
    await this.#faults.detect(async (brokerName) => {
      const address = this.#instance.routes.masterAddress(brokerName)
      const [topic] = this.#instance.routes.topics
      if (address === undefined || topic === undefined) return undefined
      const extFields = encodeHeaderFields(GetMaxOffsetRequestHeader, {
        topic,
        queueId: 0,
        committed: true,
      })
      const request = createRequest(RequestCode.GET_MAX_OFFSET, { extFields })
      try {
        await this.#instance.brokers.invokeChecked(address, request, this.#config.detectTimeoutMs)
        return true
      } catch (error) {
        this.#instance.config.logger.info(`${brokerName} is not back: ${describeError(error)}`)
        return false
      }
    })
  }

  /** Sends once, with the hooks around it, and holds against the broker how that went. */
  async #attempt<T>(
    queue: MessageQueue,
    message: OutgoingMessage,
    { exchange, isOneway, sentOf }: Attempt<T>,
  ): Promise<T> {
    const startedMs = performance.now()
    let outcome: SendOutcome = 'answered'
    try {
      const known = this.#instance.routes.masterAddress(queue.brokerName)
      const address = known ?? (await this.#foundAddressOf(queue))
      return await this.#hooks.around(
        () => this.#contextOf(queue, message, address, isOneway),
        () => exchange(address),
        sentOf,
      )
    } catch (error) {
      if (error instanceof ClientError) outcome = this.#outcomeOf(error)
      throw error
    } finally {
      this.#faults.note(queue.brokerName, performance.now() - startedMs, outcome)
    }
  }

  /** How long one attempt may take: all the time that is left when it is the last one. */
  #attemptMs(leftMs: number, attempt: number): number {
    const { attemptTimeoutMs, retryCountMax } = this.#config
    const isLast = attempt > retryCountMax
    return isLast || attemptTimeoutMs === 0 ? leftMs : Math.min(leftMs, attemptTimeoutMs)
  }

  /** Whether another broker may take what this one did not. */
  #isWorthRetrying(error: ClientError): boolean {
    if (TRY_ELSEWHERE.has(error.code)) return true
    return this.#outcomeOf(error) !== 'answered'
  }

  #outcomeOf(error: ClientError): SendOutcome {
    switch (error.code) {
      case 'CLIENT_BROKER_UNREACHABLE':
      case 'CLIENT_TIMEOUT':
      case 'CLIENT_RESPONSE_INVALID':
        return 'lost'
      case 'CLIENT_REQUEST_REFUSED':
        // What every broker would refuse is not held against this one, as Java does.
        return this.#config.retryResponseCodes.includes(error.responseCode!)
          ? 'refused'
          : 'answered'
      default:
        return 'answered'
    }
  }

  #turnOf(queues: readonly MessageQueue[]): RoundRobin {
    let turn = this.#turns.get(queues)
    if (turn === undefined) {
      turn = new RoundRobin()
      this.#turns.set(queues, turn)
    }
    return turn
  }

  /** The address of a broker that no route has named so far. */
  async #foundAddressOf(queue: MessageQueue): Promise<string> {
    const { routes } = this.#instance
    await routes.refresh(queue.topic)
    const fresh = routes.masterAddress(queue.brokerName)
    if (fresh !== undefined) return fresh
    const message = `no route names a master of broker ${queue.brokerName}`
    throw new ClientError('CLIENT_BROKER_NOT_FOUND', message)
  }

  #contextOf(
    queue: MessageQueue,
    message: OutgoingMessage,
    brokerAddress: string,
    isOneway: boolean,
  ): SendContext {
    const { body, isDelayed = false, source = [], topic } = message
    return {
      group: this.#config.group,
      topic,
      messages: source,
      kind: isDelayed ? 'delay' : 'normal',
      queue,
      brokerAddress,
      clientIp: this.#instance.config.clientIp,
      isOneway,
      bodyBytes: body.length,
    }
  }

  #requestOf(queue: MessageQueue, message: OutgoingMessage): RemotingCommand {
    const extFieldsJson = this.#headers.write({
      topic: message.topic,
      queueId: queue.queueId,
      sysFlag: message.sysFlag,
      bornTimestamp: Date.now(),
      flag: message.flag,
      properties: message.properties,
      reconsumeTimes: message.reconsumeTimes,
      unitMode: false,
      batch: message.isBatch,
      maxReconsumeTimes: message.maxReconsumeTimes,
      bname: queue.brokerName,
    })
    return createRequest(codeOf(message), { extFieldsJson, body: message.body })
  }

  #receiptOf(queue: MessageQueue, response: RemotingCommand, address: string): StoredReceipt {
    const status = STATUS_BY_CODE.get(response.code)
    if (status === undefined) {
      if (response.code === ResponseCode.TOPIC_NOT_EXIST) this.#instance.hintRoutes()
      throw refusal(response, peerName(queue, address))
    }
    const { brokerName, topic } = queue
    const { namespace } = this.#instance.config
    try {
      const header = decodeHeader(SendMessageResponseHeader, response.extFields)
      return {
        status,
        offsetMessageId: header.msgId,
        queue: unwrapQueue(namespace, { topic, brokerName, queueId: header.queueId }),
        queueOffset: header.queueOffset,
        regionId: header.MSG_REGION || DEFAULT_REGION,
        isTraceOn: header.TRACE_ON !== 'false',
      }
    } catch (error) {
      throw toClientError(error, peerName(queue, address))
    }
  }
}

function peerName({ brokerName }: MessageQueue, address: string): string {
  return `broker ${brokerName} at ${address}`
}

function sentBy({ messageIds }: OutgoingMessage, receipt: StoredReceipt): SentMessage {
  const { isTraceOn, offsetMessageId, queueOffset, regionId, status } = receipt
  const messageId = messageIds.join(',')
  return { status, messageId, offsetMessageId, queueOffset, regionId, isTraceOn }
}

function codeOf({ isBatch, isReply = false }: OutgoingMessage): number {
  if (isReply) return RequestCode.SEND_REPLY_MESSAGE_V2
  return isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2
}

function allFailed(
  topic: string,
  brokersTried: readonly string[],
  timeoutMs: number,
  cause: ClientError | undefined,
): ClientError {
  const code = cause?.code ?? 'CLIENT_TIMEOUT'
  const why = cause === undefined ? `no time left of ${timeoutMs} ms` : describeError(cause)
  const message = `send to ${topic} failed ${brokersTried.length} times: ${why}`
  return new ClientError(code, message, {
    responseCode: cause?.responseCode,
    brokersTried,
    cause: cause ?? undefined,
  })
}
