import type { Logger } from '../../engine/base/logger.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { PulledMessage } from './pulled-messages.ts'
import type { SendBack } from './send-back.ts'

/**
 * What a broadcasting consumer does with messages that its listener fails to handle: they are
 * dropped, and the log says so. RocketMQ: `ConsumeMessageConcurrentlyService.processConsumeResult`.
 */
export class DropFailed implements Pick<SendBack, 'send' | 'sendAsNew'> {
  readonly #log: LimitedLogger

  constructor(logger: Logger) {
    this.#log = new LimitedLogger(logger)
  }

  async send({ message }: PulledMessage): Promise<void> {
    const { messageId, topic } = message
    this.#log.warn('dropped', `not consumed, and broadcast: ${messageId} of ${topic} is dropped`)
  }

  sendAsNew(pulled: PulledMessage): Promise<void> {
    return this.send(pulled)
  }
}
