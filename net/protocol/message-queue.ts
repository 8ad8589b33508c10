import type { ShapeOf } from './json-shape.ts'
import { int32, object, text } from './json-shape.ts'

/** One queue of a topic on one broker (Java: MessageQueue). */
export const MessageQueue = object({ brokerName: text, queueId: int32, topic: text })
export type MessageQueue = ShapeOf<typeof MessageQueue>
