/**
 * Messages that a group failed to consume go back to the broker, to be delivered again later.
 * RocketMQ: `DefaultMQPushConsumerImpl.sendMessageBack`.
 */

import { describeError } from '../../engine/base/errors.ts'
import { PropertyName } from '../../engine/format/message-const.ts'
import { propertiesToString } from '../../engine/format/properties-codec.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { ConsumerSendMsgBackRequestHeader } from '../protocol/send-message-back.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import { packBody } from './compress.ts'
import type { ReceivedMessage } from './message.ts'
import { MessageSender } from './message-sender.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { PRODUCER_DEFAULTS } from './producer-options.ts'
import type { PulledMessage } from './pulled-messages.ts'
import { retryTopicOf } from './resource-name.ts'

/** The group under which a client sends for itself (Java: MixAll.CLIENT_INNER_PRODUCER_GROUP). */
export const INNER_PRODUCER_GROUP = 'CLIENT_INNER_PRODUCER'

const SEND_BACK_TIMEOUT_MS = 5_000
/** What the broker does not choose is longer with each attempt: level 3 is 10 s by default. */
const FIRST_DELAY_LEVEL = 3

/** What a {@link SendBack} needs to know of its consumer. */
export interface SendBackOptions {
  readonly group: string
  readonly reconsumeTimesMax: number
}

export class SendBack {
  readonly #instance: ClientInstance
  readonly #options: SendBackOptions
  readonly #sender: MessageSender
  readonly #log: LimitedLogger

  constructor(instance: ClientInstance, options: SendBackOptions) {
    this.#instance = instance
    this.#options = options
    this.#log = new LimitedLogger(instance.config.logger)
    this.#sender = new MessageSender(instance, {
      ...PRODUCER_DEFAULTS,
      group: INNER_PRODUCER_GROUP,
    })
  }

  /**
   * Hands a message back. A broker that cannot take it back by its place in the log gets it as a
   * new message of the group's retry topic, delayed by this client.
   * @throws {ClientError} when no broker takes it in either way
   */
  async send(pulled: PulledMessage, delayLevel: number): Promise<void> {
    try {
      await this.#sendPlace(pulled.message, delayLevel)
    } catch (error) {
      if (!(error instanceof ClientError)) throw error
      this.#log.warn(error.code, `sent to the retry topic instead: ${describeError(error)}`)
      await this.sendAsNew(pulled)
    }
  }

  /**
   * Sends a new message of the group's retry topic, delayed by this client, or to the dead letters
   * when it was delivered often enough.
   * @throws {ClientError} when no broker takes it
   */
  async sendAsNew(pulled: PulledMessage): Promise<void> {
    const outgoing = await this.#retryMessageOf(pulled)
    await this.#sender.send(outgoing, SEND_BACK_TIMEOUT_MS)
  }

  async #sendPlace(message: ReceivedMessage, delayLevel: number): Promise<void> {
    const { brokerName } = message.queue
    const address = this.#instance.routes.masterAddress(brokerName)
    if (address === undefined) {
      throw new ClientError('CLIENT_BROKER_NOT_FOUND', `no master of broker ${brokerName}`)
    }
    const extFields = encodeHeaderFields(ConsumerSendMsgBackRequestHeader, {
      offset: message.physicalOffset,
      group: this.#options.group,
      delayLevel,
      originMsgId: message.messageId,
      originTopic: message.topic,
      unitMode: false,
      maxReconsumeTimes: this.#options.reconsumeTimesMax,
      bname: brokerName,
    })
    const request = createRequest(RequestCode.CONSUMER_SEND_MSG_BACK, { extFields })
    await this.#instance.brokers.invokeChecked(address, request, SEND_BACK_TIMEOUT_MS)
  }

  async #retryMessageOf(pulled: PulledMessage): Promise<OutgoingMessage> {
    const { compressionFlags, message } = pulled
    const { group, reconsumeTimesMax } = this.#options
    const properties = new Map(message.properties)
    properties.delete(PropertyName.TRANSACTION_PREPARED)
    if (!properties.has(PropertyName.ORIGIN_MESSAGE_ID)) {
      properties.set(PropertyName.ORIGIN_MESSAGE_ID, message.messageId)
    }
    properties.set(PropertyName.RETRY_TOPIC, message.topic)
    const delayLevel = FIRST_DELAY_LEVEL + message.reconsumeTimes
    properties.set(PropertyName.DELAY_TIME_LEVEL, String(delayLevel))
    const packed =
      compressionFlags === 0
        ? await packBody(message.body, PRODUCER_DEFAULTS)
        : { body: message.body, sysFlag: compressionFlags }
    return {
      ...packed,
      topic: retryTopicOf(group),
      flag: message.flag,
      properties: propertiesToString(properties),
      messageIds: [message.messageId],
      isBatch: false,
      reconsumeTimes: message.reconsumeTimes + 1,
      maxReconsumeTimes: reconsumeTimesMax,
    }
  }
}
