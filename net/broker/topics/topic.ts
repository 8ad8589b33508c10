import type { TopicConfig } from '../../protocol/topic-config.ts'
import { isReadablePermission, isWritablePermission } from './permission.ts'

/** One topic of this broker. */
export class Topic {
  readonly name: string
  readonly nameBytes: Buffer
  /** Replaced as a whole when the topic is changed. */
  config: TopicConfig
  /** The change of the table that made it; 0 for one that was there at the start. */
  madeByChange = 0

  constructor(config: TopicConfig) {
    this.name = config.topicName
    this.nameBytes = Buffer.from(config.topicName, 'utf8')
    this.config = config
  }

  /** Whether the queue is one that is read or written. */
  hasQueue(queueId: number): boolean {
    const { readQueueNums, writeQueueNums } = this.config
    return queueId >= 0 && queueId < Math.max(readQueueNums, writeQueueNums)
  }

  get isReadable(): boolean {
    return isReadablePermission(this.config.perm)
  }

  get isWritable(): boolean {
    return isWritablePermission(this.config.perm)
  }
}
