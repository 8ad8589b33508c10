import { describeError } from '../../engine/base/errors.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { GetMaxOffsetRequestHeader } from '../protocol/queue-offset.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { ClientError } from './client-error.ts'
import type { ClientInstance } from './client-instance.ts'
import type { SendResult } from './message.ts'
import type { MessageQueue } from './message-queue.ts'
import { MessageSend } from './message-send.ts'
import type { OutgoingMessage } from './outgoing-message.ts'
import { brokerWishes, RoundRobin } from './queue-choice.ts'
import { SendAttempts, type SenderConfig } from './send-attempt.ts'

/** Sends prepared messages: finds a queue and its broker, and tries again elsewhere. */
export class MessageSender {
  readonly #instance: ClientInstance
  readonly #config: SenderConfig
  readonly #attempts: SendAttempts
  /** Takes the queues in turn, those of each route for themselves, for as long as it holds. */
  readonly #turns = new WeakMap<readonly MessageQueue[], RoundRobin>()

  constructor(instance: ClientInstance, config: SenderConfig) {
    this.#instance = instance
    this.#config = config
    this.#attempts = new SendAttempts(instance, config)
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
  send(message: OutgoingMessage, timeoutMs: number): Promise<SendResult> {
    const { topic } = message
    return new Promise((onStored, onFailed) => {
      const send = new MessageSend({
        attempts: this.#attempts,
        config: this.#config,
        message,
        timeoutMs,
        onStored,
        onFailed,
      })
      const begin = (queues: readonly MessageQueue[]): void =>
        send.begin(queues, this.#turnOf(queues))
      const known = this.#instance.routes.knownWriteRoute(topic)
      if (known === undefined) this.queuesOf(topic).then(begin, onFailed)
      else begin(known.writeQueues)
    })
  }

  /**
   * Sends `message` to `queue` once.
   * @throws {ClientError} `CLIENT_BROKER_NOT_FOUND`, `CLIENT_BROKER_UNREACHABLE`,
   *   `CLIENT_REQUEST_REFUSED`, `CLIENT_RESPONSE_INVALID`, `CLIENT_TIMEOUT`, `CLIENT_CLOSED`
   */
  sendTo(queue: MessageQueue, message: OutgoingMessage, timeoutMs: number): Promise<SendResult> {
    return new Promise((stored, failed) => {
      this.#attempts.start(queue, message, timeoutMs, { stored, failed })
    })
  }

  /** Sends `message` to `queue` and does not wait for an answer. @throws as {@link sendTo} */
  sendOnewayTo(queue: MessageQueue, message: OutgoingMessage): Promise<void> {
    return this.#attempts.startOneway(queue, message)
  }

  /** The next queue of a topic in turn. */
  async nextQueue(topic: string): Promise<MessageQueue> {
    const queues = await this.queuesOf(topic)
    return this.#turnOf(queues).next(queues, brokerWishes([], this.#attempts.faults))
  }

  /** Asks the brokers that were lost whether they are back (Java: `startDetector`). */
  async detectFaults(): Promise<void> {
    await this.#attempts.faults.detect(async (brokerName) => {
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

  #turnOf(queues: readonly MessageQueue[]): RoundRobin {
    let turn = this.#turns.get(queues)
    if (turn === undefined) {
      turn = new RoundRobin()
      this.#turns.set(queues, turn)
    }
    return turn
  }
}
