import { describeError } from '../../../engine/base/errors.ts'
import { Lifecycle } from '../../../engine/base/lifecycle.ts'
import type { UniqueMessageIds } from '../../../engine/format/message-id.ts'
import { LimitedLogger } from '../../remoting/limited-logger.ts'
import { ClientError } from '../client-error.ts'
import { defaultInstanceName } from '../client-id.ts'
import { ClientInstance } from '../client-instance.ts'
import type { ClientConfig } from '../client-options.ts'
import { messageIdsOf } from '../message-ids.ts'
import { MessageSender } from '../message-sender.ts'
import { prepareMessage } from '../outgoing-message.ts'
import { type ProducerConfig, parseProducerOptions } from '../producer-options.ts'
import { settledWithin } from '../settled-within.ts'
import { encodeTrace, type TraceEvent } from './trace-record.ts'

/** Whose traces they are. */
export interface TraceOwner {
  readonly group: string
  readonly type: 'PRODUCE' | 'CONSUME'
}

/** Java: TraceConstants.GROUP_NAME_PREFIX, TRACE_INSTANCE_NAME. */
const GROUP_PREFIX = '_INNER_TRACE_PRODUCER'
const INSTANCE_NAME = 'PID_CLIENT_INNER_TRACE_PRODUCER'
/** What of the owner's group fits into a group's 120 characters. */
const OWNER_CHARACTERS_MAX = 80
/** How many events one round sends (Java: ClientConfig.traceMsgBatchNum). */
const BATCH_COUNT = 10
/** A round with fewer comes so long after the last one, in ms (Java: flushTraceInterval). */
const FLUSH_INTERVAL_MS = 5_000
/** How many events wait at most; more are dropped (Java: traceContextQueue). */
const WAITING_COUNT_MAX = 2_048
/** How many rounds are under way at once (Java: the threads of traceExecutor). */
const ROUND_COUNT_MAX = 4
const MESSAGE_BYTES_MAX = 128_000
const SEND_TIMEOUT_MS = 5_000
/** How long a close waits for the last traces, in milliseconds (Java: WAIT_FOR_SHUTDOWN). */
const CLOSE_TIMEOUT_MS = 5_000

let dispatcherCount = 0

/**
 * Sends what happened to messages to the topic of traces, several events in one message, over
 * connections of its own. Whoever appends waits for nothing and is told of no failure: what cannot
 * be sent is logged and lost. RocketMQ: `AsyncTraceDispatcher`.
 */
export class TraceDispatcher extends Lifecycle {
  readonly #topic: string
  readonly #config: ProducerConfig
  readonly #instance: ClientInstance
  readonly #sender: MessageSender
  readonly #ids: UniqueMessageIds
  readonly #log: LimitedLogger
  #waiting: TraceEvent[] = []
  readonly #rounds = new Set<Promise<void>>()
  #lastRoundMs = performance.now()
  #timer: NodeJS.Timeout | undefined
  /** When the timer ends. */
  #dueMs = 0

  constructor(owner: TraceOwner, client: ClientConfig) {
    super()
    dispatcherCount += 1
    const name = owner.group.slice(0, OWNER_CHARACTERS_MAX)
    const { clientIp, logger, nameServers, namespaceV2, requestTimeoutMs } = client
    this.#topic = client.customizedTraceTopic
    this.#log = new LimitedLogger(logger)
    this.#config = parseProducerOptions({
      nameServers,
      clientIp,
      logger,
      namespaceV2,
      requestTimeoutMs,
      instanceName: `${INSTANCE_NAME}_${defaultInstanceName()}`,
      group: `${GROUP_PREFIX}-${name}-${owner.type}-${dispatcherCount}`,
      sendTimeoutMs: SEND_TIMEOUT_MS,
      messageBytesMax: MESSAGE_BYTES_MAX,
    })
    this.#ids = messageIdsOf(clientIp)
    this.#instance = this.attach(
      new ClientInstance(this.#config, {
        producerGroups: [this.#config.group],
        leavesCalls: false,
        consumers: () => [],
        onRouteChange: () => undefined,
        handlerOf: () => undefined,
      }),
    )
    this.#sender = new MessageSender(this.#instance, this.#config)
    this.markOpen()
  }

  /** An id that no other event of this host has. */
  readonly nextId = (): string => this.#ids.next()

  /** Takes an event, or drops it where too many wait. Never throws. */
  readonly append = (event: TraceEvent): void => {
    if (this.status !== 'open' || this.#waiting.length >= WAITING_COUNT_MAX) {
      this.#log.warn('dropped', `a trace of ${event.group} is dropped: too many wait`)
      return
    }
    this.#waiting.push(event)
    this.#arm()
  }

  protected override async drain(): Promise<void> {
    clearTimeout(this.#timer)
    await settledWithin([this.#sendAll()], CLOSE_TIMEOUT_MS)
  }

  protected override async abort(reason: Error): Promise<void> {
    clearTimeout(this.#timer)
    this.#waiting = []
    await this.#instance.destroy(reason)
  }

  /** Sends later, and not on the way of a message. */
  #arm(): void {
    const { length } = this.#waiting
    if (length === 0 || this.#rounds.size >= ROUND_COUNT_MAX) return
    const nowMs = performance.now()
    const isFull = length >= BATCH_COUNT
    const dueMs = isFull ? nowMs : Math.max(nowMs, this.#lastRoundMs + FLUSH_INTERVAL_MS)
    if (this.#timer !== undefined && this.#dueMs <= dueMs) return
    clearTimeout(this.#timer)
    this.#dueMs = dueMs
    this.#timer = setTimeout(() => this.#wake(isFull ? BATCH_COUNT : 1), dueMs - nowMs)
  }

  #wake(countMin: number): void {
    this.#timer = undefined
    if (this.status !== 'open') return
    this.#startRounds(countMin)
    this.#arm()
  }

  /** Starts rounds while `countMin` events wait for each. */
  #startRounds(countMin: number): void {
    while (this.#waiting.length >= countMin && this.#rounds.size < ROUND_COUNT_MAX) {
      const events = this.#waiting.splice(0, BATCH_COUNT)
      this.#lastRoundMs = performance.now()
      const round = this.#sendRound(events).finally(() => {
        this.#rounds.delete(round)
        if (this.status === 'open') this.#arm()
      })
      this.#rounds.add(round)
    }
  }

  async #sendAll(): Promise<void> {
    while (this.#waiting.length > 0 || this.#rounds.size > 0) {
      this.#startRounds(1)
      await Promise.race(this.#rounds)
    }
  }

  /** One message for the events of each topic, or several where they are too large. */
  async #sendRound(events: readonly TraceEvent[]): Promise<void> {
    const byTopic = new Map<string, TraceEvent[]>()
    for (const event of events) {
      const others = byTopic.get(event.topic)
      if (others === undefined) byTopic.set(event.topic, [event])
      else others.push(event)
    }
    await Promise.all([...byTopic.values()].map((group) => this.#sendEvents(group)))
  }

  async #sendEvents(events: readonly TraceEvent[]): Promise<void> {
    let texts: string[] = []
    let keys = new Set<string>()
    let bytes = 0
    for (const event of events) {
      const record = encodeTrace(event)
      const recordBytes = Buffer.byteLength(record.text)
      if (texts.length > 0 && bytes + recordBytes > MESSAGE_BYTES_MAX) {
        await this.#sendMessage(texts.join(''), keys)
        texts = []
        keys = new Set()
        bytes = 0
      }
      texts.push(record.text)
      bytes += recordBytes
      for (const key of record.keys) keys.add(key)
    }
    await this.#sendMessage(texts.join(''), keys)
  }

  async #sendMessage(body: string, keys: ReadonlySet<string>): Promise<void> {
    try {
      const message = { topic: this.#topic, body, keys: [...keys].join(' ') }
      const outgoing = await prepareMessage(message, undefined, this.#ids, this.#config)
      await this.#sender.send(outgoing, SEND_TIMEOUT_MS)
    } catch (error) {
      const kind = error instanceof ClientError ? error.code : 'failed'
      this.#log.warn(kind, `traces not sent to ${this.#topic}: ${describeError(error)}`)
    }
  }
}
