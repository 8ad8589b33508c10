/**
 * SEND_MESSAGE (10, 310) and SEND_BATCH_MESSAGE (320): from the receive buffer into the staging
 * buffer, and back to the sender when the log's watermark passes (SendMessageProcessor).
 */
import { BytesMap } from '../../../engine/base/bytes-map.ts'
import type { StoreError } from '../../../engine/base/errors.ts'
import { copyBytes } from '../../../engine/format/copy-bytes.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import { decodeProperties, encodeProperties } from '../../../engine/format/properties-codec.ts'
import { createRecordSource, type RecordSource } from '../../../engine/format/record-encoder.ts'
import { AppendOutcome } from '../../../engine/log/append-outcome.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import type { StoreListener, ThreadedStore } from '../../../workers/threaded-store.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { SendLayout } from '../../protocol/send-layout.ts'
import { SendLayouts } from '../../protocol/send-layouts.ts'
import { SendRequestView } from '../../protocol/send-message-scanner.ts'
import type { Connection } from '../../remoting/connection.ts'
import { SERIALIZE_TYPE_JSON } from '../../remoting/frame-format.ts'
import type { RawFrame } from '../../remoting/frame-splitter.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { HotOutcome } from '../../remoting/request-routes.ts'
import type { RequestQueue } from '../admin/runtime-table.ts'
import { BrokerError } from '../broker-error.ts'
import { type ConnectionState, connectionState } from '../connection-state.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { DeadLetters } from '../retry/dead-letters.ts'
import type { DelayedMessages } from '../schedule/delayed-messages.ts'
import type { BrokerStats, TopicSendStats } from '../stats/broker-stats.ts'
import { SCHEDULE_TOPIC } from '../topics/topic-validator.ts'
import { appendBatch, NUL_IN_PROPERTIES } from './batch-append.ts'
import type { HeldSends } from './held-sends.ts'
import { NO_BATCH, type PendingAck, type SendAcks } from './send-acks.ts'
import type { SendAdmission } from './send-admission.ts'
import type { SendBacklog } from './send-backlog.ts'
import { viewOfCommand } from './send-command.ts'
import { outcomeError, storeFailure, unsupportedRemark } from './send-failure.ts'
import { DELAYED_BATCH, type KeptProperties, type SendProperties } from './send-properties.ts'
import type { SendTarget } from './send-target.ts'

const EXPIRY_SWEEP_MS = 100
const BAD_DELAY = 'the delay level (DELAY) is no number'

/** What keeps a message from being taken at once: a topic, a flush, a segment that is not there. */
type Obstacle = 'topic' | 'flush' | 'segment'

export interface SendParts {
  readonly config: Pick<BrokerConfig, 'sendThreadPoolQueueCapacity'>
  readonly store: ThreadedStore
  readonly admission: SendAdmission
  readonly properties: SendProperties
  readonly acks: SendAcks
  readonly backlog: SendBacklog
  readonly held: HeldSends
  readonly delayed: DelayedMessages
  readonly deadLetters: DeadLetters
  readonly stats: BrokerStats
  /** The address that records name as their broker's. */
  readonly storeHost: Buffer
}

export class SendHandler implements StoreListener {
  readonly #parts: SendParts
  readonly #view = new SendRequestView()
  readonly #layouts: SendLayouts<KeptProperties>
  readonly #source = createRecordSource()
  readonly #targets = new BytesMap<SendTarget>()
  /** What stood in the way of the last message that was not ready. */
  #obstacle: Obstacle = 'segment'
  readonly #isFlushSync: boolean
  readonly #featureOf = (bytes: Buffer, start: number, end: number) =>
    this.#parts.properties.unsupportedFeatureOf(bytes, start, end)
  /** Messages that wait for their time count for the topic where they wait, as in Java. */
  readonly #delayedStats: TopicSendStats
  /** What counts the message at hand. */
  #routedStats: TopicSendStats
  #isAwaitingTopics = false
  #expiryTimer: NodeJS.Timeout | undefined
  /** Messages that were appended and are not written yet, and when the first of them was. */
  #turnMessageCount = 0
  #turnStartedMs = 0

  constructor(parts: SendParts) {
    this.#parts = parts
    this.#layouts = new SendLayouts(parts.store.log.memory)
    this.#isFlushSync = parts.store.config.flush === 'sync'
    this.#delayedStats = parts.stats.topicSlot(SCHEDULE_TOPIC)
    this.#routedStats = this.#delayedStats
    parts.store.listen(this)
    parts.admission.onTopicChange((topic) => this.#forget(topic))
  }

  /** The sends that wait, for the disk or to be taken, as brokerStatus shows them. */
  get queue(): RequestQueue {
    const { acks, held, config } = this.#parts
    const nowMs = Date.now()
    return {
      size: acks.flushWaiterCount + held.count,
      capacity: config.sendThreadPoolQueueCapacity,
      headWaitMs: Math.max(acks.flushWaitMs(nowMs), held.oldestWaitMs(nowMs)),
    }
  }

  /** Takes a frame as bytes; what is unusual about it goes the generic way. */
  hot(frame: RawFrame, connection: Connection): HotOutcome {
    const view = this.#view
    if (!this.#layouts.scan(frame, view)) return HotOutcome.DECLINED
    try {
      const outcome = this.#accept(view, connection, this.#layouts.current)
      if (outcome === AppendOutcome.APPENDED) return HotOutcome.HANDLED
      if (outcome === AppendOutcome.NOT_READY) {
        this.#parts.held.note(connection, this.#describeObstacle)
        this.#parts.held.hold(connection)
        return HotOutcome.HELD
      }
      throw outcomeError(outcome, this.#parts.store)
    } catch (error) {
      this.#refuse(view, connection, error)
      return HotOutcome.HANDLED
    }
  }

  /** The generic way in; the acknowledgement leaves as it does for the others. */
  async handle(request: RemotingCommand, connection: Connection): Promise<undefined> {
    const view = viewOfCommand(request)
    const { held, stats, store } = this.#parts
    try {
      for (;;) {
        const outcome = this.#accept(view, connection)
        if (outcome === AppendOutcome.APPENDED) return undefined
        if (outcome !== AppendOutcome.NOT_READY) throw outcomeError(outcome, store)
        held.note(connection, this.#describeObstacle)
        await held.wait()
      }
    } catch (error) {
      stats.sendFailed()
      throw error
    }
  }

  onWritten(writtenOffset: number): void {
    if (this.#turnMessageCount > 0) {
      const elapsedMs = performance.now() - this.#turnStartedMs
      this.#parts.stats.putTimes.record(elapsedMs, this.#turnMessageCount)
      this.#turnMessageCount = 0
    }
    this.#parts.acks.written(writtenOffset)
    if (this.#parts.held.count > 0) this.#parts.backlog.watch()
    if (this.#parts.acks.flushWaiterCount === 0) return
    this.#parts.store.wantFlush(this.#parts.acks.flushWantedOffset)
    this.#expiryTimer ??= setInterval(() => this.#expire(), EXPIRY_SWEEP_MS).unref()
  }

  onFlushed(flushedOffset: number): void {
    this.#parts.acks.flushed(flushedOffset)
    if (this.#parts.held.count > 0) this.#parts.held.retryAll()
  }

  onTakenBack(fromOffset: number, error: StoreError): void {
    this.#turnMessageCount = 0
    const { responseCode, message } = storeFailure(error)
    this.#parts.acks.fail(fromOffset, responseCode, message)
  }

  onReput(): void {
    // Pulls wait for it, sends do not.
  }

  onReady(): void {
    this.#parts.held.retryAll()
  }

  /** After a failed flush nothing that waits for one may be acknowledged. */
  onReadOnly(error: StoreError): void {
    const { responseCode, message } = storeFailure(error)
    this.#parts.acks.fail(this.#parts.store.flushedOffset, responseCode, message)
    this.onReady()
  }

  /** Looks at every topic anew: what senders may do has changed. */
  forgetTargets(): void {
    this.#targets.removeWhere(() => true)
  }

  close(): void {
    this.#parts.held.close()
    clearInterval(this.#expiryTimer)
  }

  #accept(
    view: SendRequestView,
    connection: Connection,
    layout?: SendLayout<KeptProperties>,
  ): AppendOutcome {
    const target = this.#target(view, connection)
    if (target === undefined) return this.#notReady('topic')
    const state = connectionState(connection)
    if (this.#parts.backlog.isFull(state.waitingBytes)) return this.#notReady('flush')
    const queueId = target.queueIdFor(view, connection)
    const { properties } = this.#parts
    if (!properties.take(view, layout)) return AppendOutcome.PROPERTIES_TOO_LONG
    if (properties.holdsNul) throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, NUL_IN_PROPERTIES)
    this.#parts.admission.checkFeatures(view, properties)
    this.#fill(view, target, queueId, state)
    // Whatever it is that stands in the way below: nothing did so far.
    this.#obstacle = 'segment'
    if (view.isBatch) {
      return this.#acceptBatch(view, target, queueId, connection)
    }
    const { store } = this.#parts
    const tail = this.#route(view, target, queueId)
    const outcome = store.append(this.#source, tail)
    if (outcome !== AppendOutcome.APPENDED) return outcome
    const { log } = store
    this.#count(this.#routedStats, 1, log.lastRecordBytes)
    state.heldSinceMs = 0
    if (!view.isOneway) {
      const ack = this.#park(view, connection, log.lastRecordBytes)
      ack.queueId = queueId
      ack.queueOffset = log.lastQueueOffset
      ack.physicalOffset = log.lastPhysicalOffset
    }
    return outcome
  }

  #notReady(obstacle: Obstacle): AppendOutcome {
    this.#obstacle = obstacle
    if (obstacle === 'flush') this.#parts.backlog.watch()
    return AppendOutcome.NOT_READY
  }

  /** Where the message goes: to its topic, aside until its time, or to the dead letters. */
  #route(view: SendRequestView, target: SendTarget, queueId: number): QueueTail {
    const { properties, deadLetters, delayed } = this.#parts
    const { retryGroup } = target
    if (retryGroup !== undefined && deadLetters.isOneTooMany(retryGroup, view)) {
      const { tail, stats } = deadLetters.bury(this.#source, retryGroup)
      markGivenUp(this.#source)
      this.#routedStats = stats
      return tail
    }
    const { delayLevel } = properties
    if (Number.isNaN(delayLevel)) throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, BAD_DELAY)
    this.#routedStats = delayLevel > 0 ? this.#delayedStats : target.stats
    if (delayLevel > 0) return delayed.redirect(this.#source, delayLevel)
    return target.tail(queueId)
  }

  #acceptBatch(
    view: SendRequestView,
    target: SendTarget,
    queueId: number,
    connection: Connection,
  ): AppendOutcome {
    const { log } = this.#parts.store
    if (target.retryGroup !== undefined) {
      const remark = `batch request does not support retry group ${target.name}`
      throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, remark)
    }
    if (this.#parts.properties.delayLevel !== 0) {
      throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, unsupportedRemark(DELAYED_BATCH))
    }
    const batch = appendBatch(log, this.#source, target.tail(queueId), this.#featureOf)
    if (batch.fault !== undefined) {
      throw new BrokerError(ResponseCode.MESSAGE_ILLEGAL, batch.fault)
    }
    if (batch.outcome !== AppendOutcome.APPENDED) return batch.outcome
    const { physicalOffsets } = batch
    const byteCount = log.appendedOffset - physicalOffsets[0]!
    this.#count(target.stats, physicalOffsets.length, byteCount)
    connectionState(connection).heldSinceMs = 0
    if (!view.isOneway) {
      const ack = this.#park(view, connection, byteCount)
      ack.queueId = queueId
      ack.queueOffset = batch.queueOffset
      ack.batchOffsets = physicalOffsets
    }
    return batch.outcome
  }

  #fill(view: SendRequestView, target: SendTarget, queueId: number, state: ConnectionState): void {
    const { properties, storeHost } = this.#parts
    const source = this.#source
    source.topic = target.nameBytes
    source.topicStart = 0
    source.topicEnd = target.nameBytes.length
    source.queueId = queueId
    source.flag = view.flag
    source.sysFlag = view.sysFlag | target.sysFlag
    source.bornTimestampMs = view.bornTimestampMs
    source.bornHost = state.bornHost
    source.storeHost = storeHost
    source.reconsumeTimes = view.reconsumeTimes
    source.preparedTransactionOffset = 0
    source.body = view.buffer
    source.bodyStart = view.bodyStart
    source.bodyEnd = view.bodyEnd
    source.properties = properties.bytes
    source.propertiesStart = 0
    source.propertiesEnd = properties.end
  }

  /** Keeps whom to answer, and of how many bytes; where they are is the caller's to fill in. */
  #park(view: SendRequestView, connection: Connection, bytes: number): PendingAck {
    const { properties, acks, store } = this.#parts
    const waitsForFlush = this.#isFlushSync && properties.waitsForFlush
    const ack = acks.add(store.log.appendedOffset, waitsForFlush)
    ack.connection = connection
    ack.serializeType = view.serializeType
    ack.opaque = view.opaque
    ack.batchOffsets = NO_BATCH
    const { uniqueKeyStart, uniqueKeyEnd } = properties
    const isKept = uniqueKeyEnd - uniqueKeyStart <= ack.uniqueKey.length
    ack.uniqueKeyBytes = isKept
      ? copyBytes(properties.bytes, uniqueKeyStart, uniqueKeyEnd, ack.uniqueKey, 0)
      : 0
    ack.isPlainKey = properties.arePlain
    if (waitsForFlush) {
      ack.bytes = bytes
      ack.parkedAtMs = Date.now()
      ack.deadlineMs = ack.parkedAtMs + store.config.syncFlushTimeoutMs
      connectionState(connection).waitingBytes += bytes
    }
    return ack
  }

  /** What a sender is told whose message was not ready for too long. */
  readonly #describeObstacle = (): string => {
    const { backlog, store } = this.#parts
    if (this.#obstacle === 'flush') return backlog.describe(Date.now())
    if (this.#obstacle === 'topic') return 'the topic is new and not on the disk yet'
    return `the next segment of the log, of ${store.log.segments.segmentBytes} bytes, is not ready`
  }

  /** Undefined while the topic is new: it is on the disk before its first message. */
  #target(view: SendRequestView, connection: Connection): SendTarget | undefined {
    const { buffer, topicStart, topicEnd } = view
    const known = this.#targets.get(buffer, topicStart, topicEnd, 0)
    if (known !== undefined) return known
    const target = this.#parts.admission.admit(view, connection)
    if (target === undefined) {
      void this.#awaitTopics()
      return undefined
    }
    this.#targets.set(buffer, topicStart, topicEnd, 0, target)
    return target
  }

  /** However many wait, all are tried again once. */
  async #awaitTopics(): Promise<void> {
    if (this.#isAwaitingTopics) return
    this.#isAwaitingTopics = true
    await this.#parts.admission.settled()
    this.#isAwaitingTopics = false
    this.onReady()
  }

  #forget(topic: string): void {
    this.#targets.removeWhere((target) => target.name === topic)
  }

  #expire(): void {
    const { acks } = this.#parts
    acks.expire(Date.now())
    if (acks.flushWaiterCount > 0) return
    clearInterval(this.#expiryTimer)
    this.#expiryTimer = undefined
  }

  #count(stats: TopicSendStats, messageCount: number, byteCount: number): void {
    stats.count(messageCount, byteCount)
    if (this.#turnMessageCount === 0) this.#turnStartedMs = performance.now()
    this.#turnMessageCount += messageCount
  }

  #refuse(view: SendRequestView, connection: Connection, error: unknown): void {
    this.#parts.stats.sendFailed()
    if (view.isOneway) return
    const { responseCode, message } = storeFailure(error)
    const serializeType = view.serializeType === SERIALIZE_TYPE_JSON ? 'JSON' : 'ROCKETMQ'
    const request = { opaque: view.opaque, serializeType } as const
    connection.send(createResponse(request, responseCode, { remark: message }))
  }
}

/** As Java marks a retry that was one too many. */
function markGivenUp(source: RecordSource): void {
  const { propertiesStart, propertiesEnd } = source
  const properties = decodeProperties(source.properties, propertiesStart, propertiesEnd)
  properties.set(PropertyName.DELAY_TIME_LEVEL, '-1')
  source.properties = encodeProperties(properties)
  source.propertiesStart = 0
  source.propertiesEnd = source.properties.length
}
