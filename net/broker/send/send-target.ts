import { MULTI_TAGS_FLAG } from '../../../engine/format/sys-flag.ts'
import type { QueueTail } from '../../../engine/log/queue-tail.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { SendRequestView } from '../../protocol/send-message-scanner.ts'
import type { Connection } from '../../remoting/connection.ts'
import { BrokerError } from '../broker-error.ts'
import type { TopicSendStats } from '../stats/broker-stats.ts'
import type { Topic } from '../topics/topic.ts'

/** A topic as the send path sees it: admitted once, then found by its name's bytes. */
export class SendTarget {
  readonly name: string
  readonly nameBytes: Buffer
  /** The group whose retries the topic holds; undefined for any other topic. */
  readonly retryGroup: string | undefined
  /** Bits that the topic adds to a message's `sysFlag`. */
  readonly sysFlag: number
  readonly stats: TopicSendStats
  readonly #writeQueueNums: number
  /** Queues that may be named: a topic may be read from more queues than it is written to. */
  readonly #queueCount: number
  readonly #tails: (QueueTail | undefined)[] = []
  readonly #findTail: (queueId: number) => QueueTail

  constructor(
    topic: Topic,
    parts: {
      readonly retryGroup: string | undefined
      readonly stats: TopicSendStats
      readonly findTail: (queueId: number) => QueueTail
    },
  ) {
    this.name = topic.name
    this.nameBytes = topic.nameBytes
    this.retryGroup = parts.retryGroup
    this.sysFlag = topic.config.topicFilterType === 'MULTI_TAG' ? MULTI_TAGS_FLAG : 0
    this.stats = parts.stats
    this.#findTail = parts.findTail
    this.#writeQueueNums = topic.config.writeQueueNums
    this.#queueCount = Math.max(topic.config.writeQueueNums, topic.config.readQueueNums)
  }

  /**
   * The queue that a request asks for; one at random when it leaves the choice to the broker.
   * @throws {BrokerError} INVALID_PARAMETER for a queue that the topic does not have.
   */
  queueIdFor(view: SendRequestView, connection: Connection): number {
    const { queueId } = view
    if (queueId < 0) return Math.floor(Math.random() * Math.max(1, this.#writeQueueNums))
    if (queueId < this.#queueCount) return queueId
    const remark =
      `request queueId[${queueId}] is illegal, ` +
      `topic ${this.name} has ${this.#queueCount} queues, ` +
      `Producer: ${connection.remoteAddress}`
    throw new BrokerError(ResponseCode.INVALID_PARAMETER, remark)
  }

  tail(queueId: number): QueueTail {
    let tail = this.#tails[queueId]
    if (tail === undefined) {
      tail = this.#findTail(queueId)
      this.#tails[queueId] = tail
    }
    return tail
  }
}
