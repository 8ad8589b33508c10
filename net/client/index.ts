/** The client of RocketMQ: sends messages, and consumes them by push or by pull. */
export { ClientError, type ClientErrorCode } from './client-error.ts'
export type { ClientOptions } from './client-options.ts'
export type {
  BatchSendResult,
  Message,
  QueueSelector,
  ReceivedMessage,
  SendOptions,
  SendResult,
  SendStatus,
} from './message.ts'
export type { MessageQueue } from './message-queue.ts'
export { Producer } from './producer.ts'
export type { ProducerOptions } from './producer-options.ts'
