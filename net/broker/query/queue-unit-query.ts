/** QUERY_CONSUME_QUEUE: the units of a queue as they lie there
 *  (AdminBrokerProcessor.queryConsumeQueue). */
import {
  createConsumeQueueUnit,
  isExtendedAddress,
} from '../../../engine/format/consume-queue-format.ts'
import { FinishedUnits } from '../../../engine/store/finished-units.ts'
import type { ThreadedStore } from '../../../workers/threaded-store.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import type { SubscriptionData } from '../../protocol/heartbeat.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import {
  type ConsumeQueueData,
  QueryConsumeQueueRequestHeader,
  QueryConsumeQueueResponseBody,
} from '../../protocol/query-consume-queue.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { TopicConfigs } from '../topics/topic-configs.ts'

/** Most units of one answer, some 700 KiB of JSON; Java goes on to the end of a file. */
const UNIT_COUNT_MAX = 10_000

export interface QueueUnitParts {
  readonly store: ThreadedStore
  readonly topics: TopicConfigs
  readonly clients: { subscriptionOf(group: string, topic: string): SubscriptionData | undefined }
}

export async function queryQueueUnits(
  parts: QueueUnitParts,
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(QueryConsumeQueueRequestHeader, request.extFields)
  const { topic, queueId, index, count, consumerGroup } = header
  const { store, topics } = parts
  if (topics.find(topic)?.hasQueue(queueId) !== true) {
    throw new BrokerError(ResponseCode.SYSTEM_ERROR, `${queueId}@${topic} is not exist!`)
  }
  const minQueueIndex = store.minQueueOffset(topic, queueId)
  const maxQueueIndex = store.maxQueueOffset(topic, queueId)
  const isThere = index >= minQueueIndex && index < maxQueueIndex
  const unitCount = Math.min(count, UNIT_COUNT_MAX, maxQueueIndex - index)
  const queueData = isThere ? await readUnits(store, topic, queueId, index, unitCount) : []
  const group = consumerGroup === undefined ? undefined : filterOf(parts, consumerGroup, topic)
  const body = encodeBody(QueryConsumeQueueResponseBody, {
    filterData: group?.filterData,
    maxQueueIndex,
    minQueueIndex,
    queueData,
    subscriptionData: group?.subscriptionData,
  })
  const remark = isThere ? undefined : `Index ${index} of ${queueId}@${topic} is not exist!`
  return createResponse(request, ResponseCode.SUCCESS, { body, remark })
}

/** A filter by tags has no data of its own, which Java writes as a text. */
function filterOf(
  { clients }: QueueUnitParts,
  group: string,
  topic: string,
): Pick<QueryConsumeQueueResponseBody, 'filterData' | 'subscriptionData'> {
  const subscriptionData = clients.subscriptionOf(group, topic)
  const isOnline = subscriptionData !== undefined
  return { subscriptionData, filterData: isOnline ? 'null' : `${group}@${topic} is not online!` }
}

/** As many units as reput has finished; it may wait for the disk. */
async function readUnits(
  store: ThreadedStore,
  topic: string,
  queueId: number,
  index: number,
  unitCount: number,
): Promise<ConsumeQueueData[]> {
  const queue = store.queue(topic, queueId)
  const page = new FinishedUnits(unitCount, () => store.reputOffset)
  const unit = createConsumeQueueUnit()
  const units: ConsumeQueueData[] = []
  while (units.length < unitCount) {
    const wanted = unitCount - units.length
    const read = page.read(queue, index + units.length, wanted)
    if (read === 0) break
    if (read < 0) await store.warm([page.range(queue, index + units.length, wanted)])
    for (let at = 0; at < read; at += 1) {
      page.get(at, unit)
      units.push(dataOf(unit.physicalOffset, unit.recordBytes, unit.tagsCode))
    }
  }
  return units
}

function dataOf(physicOffset: number, physicSize: number, tagsCode: number): ConsumeQueueData {
  const isExtended = isExtendedAddress(tagsCode)
  return {
    bitMap: undefined,
    eval: false,
    extendDataJson: undefined,
    msg: isExtended ? 'Cq extend not exist!' : undefined,
    physicOffset,
    physicSize,
    tagsCode: isExtended ? 0 : tagsCode,
  }
}
