/** One try to send a message to one queue. RocketMQ: `DefaultMQProducerImpl.sendKernelImpl`. */

import { performance } from 'node:perf_hooks'
import { RequestCode } from '../protocol/request-code.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { readSendResponse, SendHeaderWriter } from '../protocol/send-message.ts'
import type { ResponseWaiter } from '../remoting/pending-requests.ts'
import type { ReceivedCommand } from '../remoting/received-command.ts'
import type { RemotingCommand } from '../remoting/remoting-command.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import type { ClientOptions } from './client-options.ts'
import { SendHooks } from './hook-calls.ts'
import type { SendContext, SentMessage } from './hooks.ts'
import { LatencyFaults, type SendOutcome } from './latency-fault.ts'
import type { SendResult, SendStatus } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { unwrapQueue } from './namespace.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import type { ProducerConfig } from './producer-options.ts'
import { refusal, toClientError } from './remote-failure.ts'

/** What a sender needs to know of its producer. */
export type SenderConfig = Omit<ProducerConfig, keyof ClientOptions>

/** Who hears how an attempt ended. Neither of the two throws. */
export interface ReceiptWaiter {
  /** Of a batch, `receipt` has the ids of all its messages with commas between them. */
  stored(receipt: SendResult): void
  failed(error: Error): void
}

const DEFAULT_REGION = 'DefaultRegion'

const STATUS_BY_CODE: ReadonlyMap<number, SendStatus> = new Map<number, SendStatus>([
  [ResponseCode.SUCCESS, 'SEND_OK'],
  [ResponseCode.FLUSH_DISK_TIMEOUT, 'FLUSH_DISK_TIMEOUT'],
  [ResponseCode.FLUSH_SLAVE_TIMEOUT, 'FLUSH_SLAVE_TIMEOUT'],
  [ResponseCode.SLAVE_NOT_AVAILABLE, 'SLAVE_NOT_AVAILABLE'],
])

/** Makes the attempts of one producer, and holds against the brokers how they went. */
export class SendAttempts {
  readonly faults: LatencyFaults
  readonly #instance: ClientInstance
  readonly #config: SenderConfig
  readonly #hooks: SendHooks
  readonly #headers: SendHeaderWriter

  constructor(instance: ClientInstance, config: SenderConfig) {
    this.#instance = instance
    this.#config = config
    this.faults = new LatencyFaults(config)
    const { forbiddenHooks, group, sendHooks, templateTopic, topicQueueCount } = config
    this.#headers = new SendHeaderWriter({
      producerGroup: group,
      defaultTopic: templateTopic,
      defaultTopicQueueNums: topicQueueCount,
    })
    this.#hooks = new SendHooks(sendHooks, forbiddenHooks, instance.config.logger)
  }

  /** Sends `message` to `queue` once; `waiter` hears of it, perhaps before this returns. */
  start(
    queue: MessageQueue,
    message: OutgoingMessage,
    timeoutMs: number,
    waiter: ReceiptWaiter,
  ): void {
    const attempt = new SendAttempt(this, { queue, message, startedMs: this.#startMs() }, waiter)
    const address = this.#instance.routes.masterAddress(queue.brokerName)
    if (address === undefined) void this.#startLater(attempt, queue, timeoutMs)
    else this.#exchange(attempt, address, timeoutMs)
  }

  /** Sends `message` to `queue` and does not wait for an answer. @throws {ClientError} */
  async startOneway(queue: MessageQueue, message: OutgoingMessage): Promise<void> {
    const startedMs = this.#startMs()
    let context: SendContext | undefined
    try {
      const known = this.#instance.routes.masterAddress(queue.brokerName)
      const address = known ?? (await this.#foundAddressOf(queue))
      context = this.#before(queue, message, address, true)
      await this.#instance.brokers.invokeOneway(address, this.#requestOf(queue, message))
      if (context !== undefined) this.#hooks.after(context, { sent: undefined })
      this.#note(queue, startedMs, undefined)
    } catch (error) {
      if (context !== undefined) this.#hooks.after(context, { error })
      this.#note(queue, startedMs, error)
      throw error
    }
  }

  /** How the broker did that answered with `error`, or not at all. */
  outcomeOf(error: ClientError): SendOutcome {
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

  /** Tells the hooks that know of an attempt, and takes note of how it went. */
  succeeded({ context, queue, startedMs }: SendAttempt, receipt: SendResult): void {
    if (context !== undefined) this.#hooks.after(context, { sent: sentBy(receipt) })
    this.#note(queue, startedMs, undefined)
  }

  /** As {@link succeeded}. */
  failed({ context, queue, startedMs }: SendAttempt, error: Error): void {
    if (context !== undefined) this.#hooks.after(context, { error })
    this.#note(queue, startedMs, error)
  }

  /** What a broker says of a message. @throws {ClientError} when it did not take it */
  receiptOf({ address, message, queue }: SendAttempt, response: ReceivedCommand): SendResult {
    const { messageIds } = message
    const status = STATUS_BY_CODE.get(response.code)
    if (status === undefined) {
      if (response.code === ResponseCode.TOPIC_NOT_EXIST) this.#instance.hintRoutes()
      throw refusal(response.command(), peerName(queue, address))
    }
    const { brokerName, topic } = queue
    const { namespace } = this.#instance.config
    try {
      const header = readSendResponse(response)
      return {
        status,
        messageId: messageIds.length === 1 ? messageIds[0]! : messageIds.join(','),
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

  /** Never rejects: the attempt hears how it ends. */
  async #startLater(attempt: SendAttempt, queue: MessageQueue, timeoutMs: number): Promise<void> {
    const startedMs = performance.now()
    try {
      const address = await this.#foundAddressOf(queue)
      this.#exchange(attempt, address, timeoutMs - (performance.now() - startedMs))
    } catch (error) {
      attempt.reject(error)
    }
  }

  #exchange(attempt: SendAttempt, address: string, timeoutMs: number): void {
    const { message, queue } = attempt
    try {
      attempt.address = address
      attempt.context = this.#before(queue, message, address, false)
      const request = this.#requestOf(queue, message)
      this.#instance.brokers.call(address, request, timeoutMs, attempt)
    } catch (error) {
      attempt.reject(error)
    }
  }

  #note({ brokerName }: MessageQueue, startedMs: number, error: unknown): void {
    if (!this.faults.isOn) return
    const outcome = error instanceof ClientError ? this.outcomeOf(error) : 'answered'
    this.faults.note(brokerName, performance.now() - startedMs, outcome)
  }

  #startMs(): number {
    return this.faults.isOn ? performance.now() : 0
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

  /** Asks and tells the hooks; undefined where there are none. */
  #before(
    queue: MessageQueue,
    message: OutgoingMessage,
    brokerAddress: string,
    isOneway: boolean,
  ): SendContext | undefined {
    if (this.#hooks.isEmpty) return undefined
    const { body, isDelayed = false, source = [], topic } = message
    const context: SendContext = {
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
    this.#hooks.before(context)
    return context
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
}

/** An attempt that waits for the broker's answer. */
class SendAttempt implements ResponseWaiter {
  readonly queue: MessageQueue
  readonly message: OutgoingMessage
  /** By a clock that never goes back; 0 where nobody asks how long it takes. */
  readonly startedMs: number
  address = ''
  /** What the hooks were told; undefined while they were not. */
  context: SendContext | undefined
  readonly #owner: SendAttempts
  readonly #waiter: ReceiptWaiter

  constructor(
    owner: SendAttempts,
    what: { queue: MessageQueue; message: OutgoingMessage; startedMs: number },
    waiter: ReceiptWaiter,
  ) {
    this.queue = what.queue
    this.message = what.message
    this.startedMs = what.startedMs
    this.#owner = owner
    this.#waiter = waiter
  }

  resolve(response: ReceivedCommand): void {
    let receipt: SendResult
    try {
      receipt = this.#owner.receiptOf(this, response)
    } catch (error) {
      this.reject(error)
      return
    }
    this.#owner.succeeded(this, receipt)
    this.#waiter.stored(receipt)
  }

  reject(cause: unknown): void {
    const error = toClientError(cause, `broker ${this.address}`)
    this.#owner.failed(this, error)
    this.#waiter.failed(error)
  }
}

function peerName({ brokerName }: MessageQueue, address: string): string {
  return `broker ${brokerName} at ${address}`
}

function sentBy({ queue: _, ...sent }: SendResult): SentMessage {
  return sent
}

function codeOf({ isBatch, isReply = false }: OutgoingMessage): number {
  if (isReply) return RequestCode.SEND_REPLY_MESSAGE_V2
  return isBatch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2
}
