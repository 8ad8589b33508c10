/** The client of RocketMQ: sends messages, and consumes them by push or by pull. */
export { allocateAveragely, allocateByCircle } from './allocation/averagely.ts'
export { allocateByConfig } from './allocation/by-config.ts'
export { allocateByConsistentHash } from './allocation/consistent-hash.ts'
export {
  allocateByMachineRoom,
  allocateNearby,
  type MachineRooms,
} from './allocation/machine-room.ts'
export type { AllocateStrategy, Division } from './allocation/strategy.ts'
export { ClientError, type ClientErrorCode } from './client-error.ts'
export type { ClientOptions } from './client-options.ts'
export type { CompressType } from './compress.ts'
export type { ConsumerOptions, MessageModel } from './consumer-options.ts'
export type {
  CheckForbiddenHook,
  ConsumeHook,
  ConsumeHookContext,
  ConsumeOutcome,
  ConsumeReturn,
  FilterHook,
  MessageKind,
  SendContext,
  SendHook,
  SendHookOutcome,
  SentMessage,
} from './hooks.ts'
export { LitePullConsumer, type SeekTarget } from './lite-pull-consumer.ts'
export type { LitePullConsumerOptions, PollOptions } from './lite-pull-consumer-options.ts'
export type {
  BatchSendResult,
  Message,
  QueueSelector,
  ReceivedMessage,
  SendOptions,
  SendResult,
  SendStatus,
} from './message.ts'
export type { QueryOptions } from './message-query.ts'
export type { MessageQueue } from './message-queue.ts'
export { Producer } from './producer.ts'
export type { ProducerOptions } from './producer-options.ts'
export { PushConsumer } from './push-consumer.ts'
export type {
  ConsumeContext,
  ConsumeMode,
  ConsumeResult,
  MessageListener,
  PushConsumerOptions,
} from './push-consumer-options.ts'
export { createReply, type ReplyMessage, type RequestOptions } from './request-reply.ts'
export type { ConsumeFrom } from './start-offset.ts'
export type { Filter } from './subscription.ts'
