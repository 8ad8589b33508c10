/** PULL_MESSAGE (11) and LITE_PULL_MESSAGE (361), with long polling (PullMessageProcessor). */
import type { StoreError } from '../../../engine/base/errors.ts'
import { describeError } from '../../../engine/base/errors.ts'
import type { LogSegment } from '../../../engine/log/log-segment.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import { createGetResult } from '../../../engine/store/get-result.ts'
import { GetStatus } from '../../../engine/store/get-status.ts'
import type { MessageFilter } from '../../../engine/store/message-filter.ts'
import { warmUnlessGone } from '../../../workers/cold-reader.ts'
import type { StoreListener, ThreadedStore } from '../../../workers/threaded-store.ts'
import { PULL_SYS_FLAG } from '../../protocol/pull-message.ts'
import {
  MAX_MSG_BYTES_UNSET,
  PullRequestView,
  scanPullRequest,
} from '../../protocol/pull-message-scanner.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { SERIALIZE_TYPE_JSON } from '../../remoting/frame-format.ts'
import type { RawFrame } from '../../remoting/frame-splitter.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { HotOutcome } from '../../remoting/request-routes.ts'
import { BrokerError } from '../broker-error.ts'
import type { ConsumerOffsets } from '../offsets/consumer-offsets.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import { storeFailure } from '../send/send-failure.ts'
import type { BrokerStats } from '../stats/broker-stats.ts'
import type { PullAdmission } from './pull-admission.ts'
import { PullForbidden } from './pull-forbidden.ts'
import { PullHolder } from './pull-holder.ts'
import { type Pull, viewOfPullCommand } from './pull-request.ts'
import { PullResponder, pullResponseCode } from './pull-responder.ts'

/**
 * How long a pull that may not wait for a message waits for one that is written, but not built, and
 * until the next sweep of those that wait.
 */
const BUILD_WAIT_MS = 100
/** A pull whose data keeps leaving memory between warming and reading is told to come again. */
const WARM_ATTEMPTS_MAX = 8

/** Refusals of pulls that rely on newer subscriptions than those known here. */
const AHEAD_CODES: ReadonlySet<number> = new Set([
  ResponseCode.SUBSCRIPTION_NOT_LATEST,
  ResponseCode.FILTER_DATA_NOT_LATEST,
])

export interface PullParts {
  readonly store: ThreadedStore
  readonly config: BrokerConfig
  readonly admission: PullAdmission
  readonly offsets: ConsumerOffsets
  readonly stats: BrokerStats
  /** Finds out what a consumer subscribes to that is refused as ahead of its heartbeats. */
  readonly inquiry: { ask(group: string, connection: Connection): void }
}

export class PullHandler implements StoreListener {
  readonly #parts: PullParts
  readonly #view = new PullRequestView()
  readonly #result = createGetResult()
  readonly #responder = new PullResponder()
  readonly #holder = new PullHolder((pull) => this.#serve(pull, false))
  /** Those that wait for the disk. */
  readonly #cold = new Set<Pull>()

  constructor(parts: PullParts) {
    this.#parts = parts
    parts.store.listen(this)
  }

  /** How many pulls wait for messages. */
  get waitingCount(): number {
    return this.#holder.count
  }

  /** Takes a frame as bytes; what is unusual about it goes the generic way. */
  hot(frame: RawFrame, connection: Connection): HotOutcome {
    const view = this.#view
    if (!scanPullRequest(frame, view)) return HotOutcome.DECLINED
    try {
      this.#accept(view, connection)
    } catch (error) {
      refuse(view, connection, error)
    }
    return HotOutcome.HANDLED
  }

  /** The generic way in; the answer leaves as it does for the others. */
  handle(request: RemotingCommand, connection: Connection): undefined {
    this.#accept(viewOfPullCommand(request), connection)
    return undefined
  }

  onReput(): void {
    for (const pull of this.#holder.takeArrived()) this.#serve(pull, true)
  }

  /** Who waits at the end of a queue is served from the log, before reput has built the unit. */
  onWritten(_writtenOffset: number, queues: readonly QueueTail[]): void {
    if (this.#holder.count === 0) return
    for (const queue of queues) {
      for (const pull of this.#holder.takeArrivedAt(queue)) this.#serve(pull, true)
    }
  }

  onTakenBack(): void {
    // What was taken back was never seen by a reader.
  }

  onFlushed(): void {
    // Readers see messages before they are flushed, as in RocketMQ.
  }

  onReady(): void {
    // Only senders wait for room.
  }

  onReadOnly(_error: StoreError): void {
    // Reading goes on.
  }

  /** Bytes that were given to a socket are never taken back: the reader who takes none is ended. */
  onSegmentHeld(segment: LogSegment): void {
    this.#responder.endReadersOf(segment)
  }

  /** Drops the pulls of a connection that is gone. */
  forget(connection: Connection): void {
    this.#holder.forget(connection)
    for (const pull of this.#cold) if (pull.connection === connection) this.#cold.delete(pull)
  }

  /** Answers the pulls of a topic at once, since it is deleted or no longer readable. */
  releaseTopic(topic: string): void {
    this.#holder.releaseTopic(topic)
    for (const pull of this.#cold) if (pull.topic === topic) pull.suspendMs = 0
  }

  /** Answers the pulls of a group on a topic at once, since it wants other messages of it now. */
  releaseGroup(group: string, topic: string): void {
    this.#holder.releaseGroup(group, topic)
    for (const pull of this.#cold) {
      if (pull.topic === topic && pull.group === group) pull.suspendMs = 0
    }
  }

  close(): void {
    this.#holder.close()
  }

  #accept(view: PullRequestView, connection: Connection): void {
    const { config, admission, offsets } = this.#parts
    const { buffer } = view
    const group = buffer.toString('utf8', view.consumerGroupStart, view.consumerGroupEnd)
    const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
    admission.check(group, topic, view.queueId)
    const filter = this.#filterOf(view, group, topic, connection)
    if ((view.sysFlag & PULL_SYS_FLAG.COMMIT_OFFSET) !== 0) {
      const { queueId, commitOffset } = view
      offsets.commit(group, topic, queueId, commitOffset, connection.remoteAddress)
    }
    const maySuspend = (view.sysFlag & PULL_SYS_FLAG.SUSPEND) !== 0
    const suspendMs = config.longPollingEnable ? view.suspendTimeoutMs : config.shortPollingTimeMs
    const pull: Pull = {
      connection,
      opaque: view.opaque,
      serializeType: view.serializeType,
      group,
      topic,
      queueId: view.queueId,
      askedOffset: view.queueOffset,
      offset: view.queueOffset,
      messageCountMax: Math.max(1, view.maxMsgNums),
      bytesMax: view.maxMsgBytes <= 0 ? MAX_MSG_BYTES_UNSET : view.maxMsgBytes,
      filter,
      suspendMs: maySuspend ? suspendMs : 0,
      deadlineMs: 0,
    }
    this.#serve(pull, true)
  }

  /** A consumer whose pull is ahead of what it said of itself is refused, and asked. */
  #filterOf(
    view: PullRequestView,
    group: string,
    topic: string,
    connection: Connection,
  ): MessageFilter | undefined {
    try {
      return this.#parts.admission.filter(view, group, topic)
    } catch (error) {
      if (error instanceof BrokerError && AHEAD_CODES.has(error.responseCode)) {
        this.#parts.inquiry.ask(group, connection)
      }
      throw error
    }
  }

  /** Also when a parked pull is woken, a damaged record is this pull's matter alone. */
  #serve(pull: Pull, maySuspend: boolean): void {
    try {
      if (!this.#sentElsewhere(pull)) this.#serveOrPark(pull, maySuspend)
    } catch (error) {
      const { responseCode, message } = storeFailure(error)
      answerError(pull, responseCode, message)
    }
  }

  /** Tells the consumer of a reset, once. @returns false when there is none */
  #sentElsewhere(pull: Pull): boolean {
    const { offsets, store } = this.#parts
    const { group, topic, queueId } = pull
    const nextBeginOffset = offsets.takeReset(group, topic, queueId)
    if (nextBeginOffset === undefined) return false
    this.#responder.answer(
      pull,
      {
        ...createGetResult(),
        status: GetStatus.OFFSET_RESET,
        nextBeginOffset,
        minOffset: store.minQueueOffset(topic, queueId),
        maxOffset: store.maxQueueOffset(topic, queueId),
      },
      ResponseCode.PULL_OFFSET_MOVED,
    )
    this.#parts.stats.pulledTo(group, topic, queueId, nextBeginOffset)
    return true
  }

  /** Reads once; answers, warms what is cold, or parks. */
  #serveOrPark(pull: Pull, maySuspend: boolean): void {
    const { store } = this.#parts
    const result = this.#result
    for (;;) {
      const reputOffset = store.reputOffset
      this.#get(pull)
      if (result.status === GetStatus.COLD) {
        void this.#serveCold(pull, maySuspend)
        return
      }
      const waitMs = maySuspend ? this.#waitMs(pull) : 0
      if (waitMs <= 0) break
      if (result.status === GetStatus.NO_MATCHED_MESSAGE) {
        pull.offset = result.nextBeginOffset
        if (pull.offset < result.maxOffset) continue
      }
      if (this.#park(pull, waitMs, reputOffset)) return
    }
    this.#answer(pull)
  }

  #get(pull: Pull): void {
    const { offset, messageCountMax, bytesMax, filter } = pull
    const request = { queueOffset: offset, messageCountMax, bytesMax, filter }
    this.#parts.store.get(pull.topic, pull.queueId, request, this.#result)
  }

  /** A pull waits when its queue holds nothing more for it, but never for a wrong offset. */
  #waitMs({ offset, suspendMs, deadlineMs }: Pull): number {
    const { status, maxOffset } = this.#result
    // What came while it waited and matches nothing is passed over; what lay there before is the
    // consumer's to pass over, a stretch at a time.
    if (status === GetStatus.NO_MATCHED_MESSAGE) return deadlineMs > 0 ? suspendMs : 0
    if (pullResponseCode(status, offset) !== ResponseCode.PULL_NOT_FOUND) return 0
    return offset < maxOffset ? Math.max(suspendMs, BUILD_WAIT_MS) : suspendMs
  }

  /** @returns false when messages came in the meantime: read again. */
  #park(pull: Pull, waitMs: number, seenReputOffset: number): boolean {
    const { store } = this.#parts
    if (pull.deadlineMs === 0) pull.deadlineMs = Date.now() + waitMs
    const tail = store.tail(pull.topic, pull.queueId)
    tail.follow()
    this.#holder.park(pull, tail)
    if (tail.announces(pull.offset) || store.wantReput(seenReputOffset)) return true
    this.#holder.unpark(pull)
    return false
  }

  #answer(pull: Pull): void {
    const result = this.#result
    if (pull.offset > pull.askedOffset && result.status !== GetStatus.FOUND) {
      result.status = GetStatus.NO_MATCHED_MESSAGE
    }
    const code = pullResponseCode(result.status, pull.askedOffset)
    this.#responder.answer(pull, result, code)
    const { group, topic, queueId } = pull
    this.#parts.stats.pulledTo(group, topic, queueId, result.nextBeginOffset)
    if (code === ResponseCode.SUCCESS) {
      this.#parts.stats.pulled(group, topic, result.messageCount, result.totalBytes)
    } else {
      this.#parts.stats.missed()
    }
  }

  async #serveCold(pull: Pull, maySuspend: boolean): Promise<void> {
    const { store } = this.#parts
    this.#cold.add(pull)
    try {
      for (let attempt = 0; attempt < WARM_ATTEMPTS_MAX; attempt += 1) {
        const failure = await warmUnlessGone(store.warm([...this.#result.coldRanges]))
        // Its connection went meanwhile: nobody is there to wait for a message, or with one.
        if (!this.#cold.has(pull)) return
        this.#get(pull)
        if (this.#result.status === GetStatus.COLD && failure !== undefined) throw failure
        if (this.#result.status === GetStatus.COLD) continue
        this.#cold.delete(pull)
        this.#serve(pull, maySuspend)
        return
      }
      const remark = 'the messages are on the disk and do not stay in memory: pull again'
      this.#giveUp(pull, ResponseCode.SYSTEM_BUSY, remark)
    } catch (error) {
      this.#giveUp(pull, ResponseCode.SYSTEM_ERROR, describeError(error))
    }
  }

  #giveUp(pull: Pull, code: number, remark: string): void {
    if (this.#cold.delete(pull)) answerError(pull, code, remark)
  }
}

function refuse(view: PullRequestView, connection: Connection, error: unknown): void {
  const { responseCode, message } = storeFailure(error)
  const isForbidden = error instanceof PullForbidden
  const extFields = isForbidden
    ? new Map([['forbiddenType', String(error.forbiddenType)]])
    : undefined
  connection.send(createResponse(requestOf(view), responseCode, { remark: message, extFields }))
}

function answerError(pull: Pull, code: number, remark: string): void {
  pull.connection.send(createResponse(requestOf(pull), code, { remark }))
}

function requestOf({ opaque, serializeType }: { opaque: number; serializeType: number }): {
  opaque: number
  serializeType: 'JSON' | 'ROCKETMQ'
} {
  return { opaque, serializeType: serializeType === SERIALIZE_TYPE_JSON ? 'JSON' : 'ROCKETMQ' }
}
