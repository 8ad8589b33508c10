/**
 * QUERY_ASSIGNMENT (400), SET_MESSAGE_REQUEST_MODE (401), GET_ALL_MESSAGE_REQUEST_MODE (402): the
 * broker shares out queues for clients that leave it to him.
 */
import type { ShapeOf } from './json-shape.ts'
import { int32, list, object, optional, text, textMap, withDefault } from './json-shape.ts'
import { MessageQueue } from './message-queue.ts'

/** How a consumer gets its messages (Java: MessageRequestMode). */
export const MODE_PULL = 'PULL'

/** Java: QueryAssignmentRequestBody. */
export const QueryAssignmentRequestBody = object({
  clientId: withDefault(text, ''),
  consumerGroup: text,
  /** CLUSTERING or BROADCASTING. */
  messageModel: withDefault(text, 'CLUSTERING'),
  /** AVG or AVG_BY_CIRCLE. */
  strategyName: withDefault(text, ''),
  topic: text,
})
export type QueryAssignmentRequestBody = ShapeOf<typeof QueryAssignmentRequestBody>

/** Java: MessageQueueAssignment. */
export const MessageQueueAssignment = object({
  attachments: optional(textMap(text)),
  messageQueue: MessageQueue,
  /** PULL or POP. */
  mode: withDefault(text, MODE_PULL),
})
export type MessageQueueAssignment = ShapeOf<typeof MessageQueueAssignment>

/** Java: QueryAssignmentResponseBody. */
export const QueryAssignmentResponseBody = object({
  /** Missing: the client keeps what it has. */
  messageQueueAssignments: optional(list(MessageQueueAssignment)),
})
export type QueryAssignmentResponseBody = ShapeOf<typeof QueryAssignmentResponseBody>

/** The body of code 401 (Java: SetMessageRequestModeRequestBody). */
export const MessageRequestMode = object({
  consumerGroup: text,
  mode: withDefault(text, MODE_PULL),
  /** How many other consumers' queues one that pops shares; all of them when it is not positive. */
  popShareQueueNum: int32,
  topic: text,
})
export type MessageRequestMode = ShapeOf<typeof MessageRequestMode>

/** The body of code 402's response, and `config/messageRequestMode.json`: by topic, then by group
 *  (Java: MessageRequestModeManager). */
export const MessageRequestModeTable = object({
  messageRequestModeMap: textMap(textMap(MessageRequestMode)),
})
export type MessageRequestModeTable = ShapeOf<typeof MessageRequestModeTable>
