import { decodeMessage } from '../../../engine/format/stored-message.ts'
import { GetStatus } from '../../../engine/store/get-status.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'

/** The answer when no such message is there (DefaultMessageStore.getMessageStoreTimeStamp). */
const TIME_UNKNOWN = -1

/** When the message at a queue offset was stored, in milliseconds, or -1. */
export async function storeTimeOf(
  store: ThreadedStore,
  topic: string,
  queueId: number,
  queueOffset: number,
): Promise<number> {
  const found = await store.read(topic, queueId, { queueOffset, messageCountMax: 1 })
  if (found.status !== GetStatus.FOUND) return TIME_UNKNOWN
  return decodeMessage(found.records).storeTimestampMs
}
