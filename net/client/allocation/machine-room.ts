import { ClientError } from '../client-error.ts'
import { compareText, type MessageQueue } from '../message-queue.ts'
import type { AllocateStrategy, Division } from './strategy.ts'

/** Says where brokers and members are. Never answers with an empty name. */
export interface MachineRooms {
  readonly ofBroker: (queue: MessageQueue) => string
  readonly ofClient: (clientId: string) => string
}

const ROOM_SEPARATOR = '@'

/**
 * Only queues of brokers in some machine rooms are consumed, shared by all members: those of
 * brokers whose names are `room@name` with one of `rooms`. RocketMQ:
 * `AllocateMessageQueueByMachineRoom`.
 */
export function allocateByMachineRoom(rooms: readonly string[]): AllocateStrategy {
  const wanted = new Set(rooms)
  return {
    name: 'MACHINE_ROOM',
    allocate: ({ clientId, clientIds, queues }) => {
      const there = queues.filter(({ brokerName }) => {
        const [room = '', ...rest] = brokerName.split(ROOM_SEPARATOR)
        return rest.length === 1 && wanted.has(room)
      })
      const index = clientIds.indexOf(clientId)
      const share = Math.floor(there.length / clientIds.length)
      const extra = there.slice(share * clientIds.length)[index]
      const own = there.slice(share * index, share * (index + 1))
      return extra === undefined ? own : [...own, extra]
    },
  }
}

/**
 * The queues of a machine room go to the members there, divided by `inner`; all members share those
 * of a room without a member. RocketMQ: `AllocateMachineRoomNearby`.
 */
export function allocateNearby(inner: AllocateStrategy, rooms: MachineRooms): AllocateStrategy {
  return {
    name: `MACHINE_ROOM_NEARBY-${inner.name}`,
    allocate: (division) => {
      const queuesByRoom = groupedBy(division.queues, (queue) => rooms.ofBroker(queue))
      const clientsByRoom = groupedBy(division.clientIds, (clientId) => rooms.ofClient(clientId))
      const ownRoom = rooms.ofClient(division.clientId)
      const own = queuesByRoom.get(ownRoom) ?? []
      const abandoned = [...queuesByRoom.keys()]
        .filter((room) => room !== ownRoom && !clientsByRoom.has(room))
        .sort(compareText)
      return [
        ...shareIn(inner, division, own, clientsByRoom.get(ownRoom) ?? []),
        ...abandoned.flatMap((room) =>
          shareIn(inner, division, queuesByRoom.get(room) ?? [], division.clientIds),
        ),
      ]
    },
  }
}

function shareIn(
  inner: AllocateStrategy,
  division: Division,
  queues: readonly MessageQueue[],
  clientIds: readonly string[],
): readonly MessageQueue[] {
  return queues.length === 0 ? [] : inner.allocate({ ...division, queues, clientIds })
}

function groupedBy<T>(
  items: readonly T[],
  roomOf: (item: T) => string,
): ReadonlyMap<string, readonly T[]> {
  const rooms = new Map<string, T[]>()
  for (const item of items) {
    const room = roomOf(item)
    if (typeof room !== 'string' || room === '') {
      const what = typeof item === 'string' ? item : JSON.stringify(item)
      throw new ClientError('CLIENT_OPTION_INVALID', `no machine room is named for ${what}`)
    }
    rooms.set(room, [...(rooms.get(room) ?? []), item])
  }
  return rooms
}
