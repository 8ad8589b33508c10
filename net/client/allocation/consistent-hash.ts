import { createHash } from 'node:crypto'
import type { MessageQueue } from '../message-queue.ts'
import { requireInteger } from '../option-merge.ts'
import type { AllocateStrategy } from './strategy.ts'

/** Places on the ring, in rising order, each with its client. */
interface Ring {
  readonly places: readonly number[]
  readonly clientIds: ReadonlyMap<number, string>
}

/** Java: AllocateMessageQueueConsistentHash. */
const VIRTUAL_NODES = 10

/**
 * Members and queues lie on a ring by their hash codes, and a queue goes to the next member on it,
 * so that few queues move when a member comes or goes. Each member lies at `virtualNodes` places
 * (default 10). RocketMQ: `AllocateMessageQueueConsistentHash`.
 * @throws {ClientError} `CLIENT_OPTION_INVALID`
 */
export function allocateByConsistentHash(virtualNodes = VIRTUAL_NODES): AllocateStrategy {
  requireInteger({ virtualNodes }, 'virtualNodes', 1)
  return {
    name: 'CONSISTENT_HASH',
    allocate: ({ clientId, clientIds, queues }) => {
      const ring = ringOf(clientIds, virtualNodes)
      return queues.filter((queue) => ownerOf(ring, queue) === clientId)
    },
  }
}

/** RocketMQ: `ConsistentHashRouter.addNode`. */
function ringOf(clientIds: readonly string[], virtualNodes: number): Ring {
  const byPlace = new Map<number, string>()
  for (const clientId of clientIds) {
    // A client that is listed twice lies at twice as many places.
    const present = [...byPlace.values()].filter((other) => other === clientId).length
    for (let index = 0; index < virtualNodes; index += 1) {
      byPlace.set(placeOf(`${clientId}-${present + index}`), clientId)
    }
  }
  const places = [...byPlace.keys()].sort((left, right) => left - right)
  return { places, clientIds: byPlace }
}

function ownerOf(ring: Ring, queue: MessageQueue): string | undefined {
  const { brokerName, queueId, topic } = queue
  // Java: MessageQueue.toString.
  const text = `MessageQueue [topic=${topic}, brokerName=${brokerName}, queueId=${queueId}]`
  const place = placeOf(text)
  const next = ring.places.find((candidate) => candidate >= place) ?? ring.places[0]
  return next === undefined ? undefined : ring.clientIds.get(next)
}

/** The first 32 bits of the MD5 sum of a text (Java: ConsistentHashRouter.MD5Hash). */
function placeOf(text: string): number {
  return createHash('md5').update(text).digest().readUInt32BE(0)
}
