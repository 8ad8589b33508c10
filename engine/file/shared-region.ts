/**
 * Mappings over the inside of SharedArrayBuffers: no garbage-collection cost, visible to every
 * thread that is given the buffer, and released by laying zero pages over them.
 *
 *   SharedArrayBuffer  |..|====== slot ======|====== slot ======| … |..|
 *                         ^ page-aligned; a file is mapped over each slot in use
 *
 * A buffer that ever carried a mapping is never collected: a small one may come from malloc's heap,
 * which would hand out memory that writes into the file. So buffers are at least 64 MiB, belong to
 * a pool that lives as long as the thread, and small files share one by slots of equal size. What a
 * thread leaves mapped at its end, another one clears.
 */
import { assert } from '../base/assert.ts'
import { alignDown, alignUp, MIB, PAGE_BYTES } from '../base/units.ts'
import { CountedRegion, type MappedRegion, type RegionProvider } from './mapped-region.ts'
import { addressOf, isRangeResident, mapFileAt, mapNothingAt } from './posix.ts'

const ARENA_BYTES_MIN = 64 * MIB

interface Slot {
  readonly buffer: SharedArrayBuffer
  /** Where the slot starts in the buffer. */
  readonly start: number
  readonly address: number
  readonly sizeBytes: number
}

/** Every buffer that carried a mapping: kept until the thread ends, see above. */
const arenas: SharedArrayBuffer[] = []
let keepForLonger: ((arena: SharedArrayBuffer) => void) | undefined
const freeSlotsBySize = new Map<number, Slot[]>()

export const sharedRegions: RegionProvider = {
  name: 'shared',
  map: (fd, lengthBytes) => mapShared(fd, lengthBytes),
}

/**
 * For a thread that may end before the process: its buffers would end with it, and the allocator
 * hand out memory that writes into files. `keep` is given each buffer before a file lies over it,
 * for a thread that stays to hold on to and to {@link clearArena} once this one has ended.
 */
export function handArenasTo(keep: (arena: SharedArrayBuffer) => void): void {
  keepForLonger = keep
}

/** Ends all mappings over a buffer of a thread that has ended. It is ordinary memory again. */
export function clearArena(arena: SharedArrayBuffer): void {
  const { address, lengthBytes } = insideOf(arena)
  mapNothingAt(address, lengthBytes)
}

function mapShared(fd: number, lengthBytes: number): MappedRegion {
  assert(lengthBytes > 0, 'length of a mapping')
  const slot = takeSlot(slotBytes(lengthBytes))
  try {
    mapFileAt(slot.address, lengthBytes, fd)
  } catch (error) {
    giveBack(slot)
    throw error
  }
  return new SharedRegion(slot, lengthBytes)
}

/** Powers of two below an arena's size, so that a released slot fits the next file of its kind. */
function slotBytes(lengthBytes: number): number {
  if (lengthBytes >= ARENA_BYTES_MIN) return alignUp(lengthBytes, PAGE_BYTES)
  let size = PAGE_BYTES
  while (size < lengthBytes) size *= 2
  return size
}

function takeSlot(sizeBytes: number): Slot {
  const free = freeSlotsBySize.get(sizeBytes) ?? []
  freeSlotsBySize.set(sizeBytes, free)
  if (free.length === 0) free.push(...makeSlots(sizeBytes))
  const slot = free.pop()
  assert(slot !== undefined, 'an arena has at least one slot')
  return slot
}

function makeSlots(sizeBytes: number): Slot[] {
  const arenaBytes = Math.max(sizeBytes, ARENA_BYTES_MIN)
  const buffer = new SharedArrayBuffer(arenaBytes + PAGE_BYTES)
  arenas.push(buffer)
  keepForLonger?.(buffer)
  const inside = insideOf(buffer)
  const slots: Slot[] = []
  for (let at = arenaBytes - sizeBytes; at >= 0; at -= sizeBytes) {
    slots.push({ buffer, start: inside.start + at, address: inside.address + at, sizeBytes })
  }
  return slots
}

/** The whole pages of a buffer. */
function insideOf(arena: SharedArrayBuffer): {
  start: number
  address: number
  lengthBytes: number
} {
  const base = addressOf(new Uint8Array(arena))
  const address = alignUp(base, PAGE_BYTES)
  return { start: address - base, address, lengthBytes: arena.byteLength - PAGE_BYTES }
}

function giveBack(slot: Slot): void {
  mapNothingAt(slot.address, slot.sizeBytes)
  freeSlotsBySize.get(slot.sizeBytes)?.push(slot)
}

class SharedRegion extends CountedRegion {
  readonly bytes: Buffer
  readonly #slot: Slot

  constructor(slot: Slot, lengthBytes: number) {
    super()
    this.#slot = slot
    this.bytes = Buffer.from(slot.buffer, slot.start, lengthBytes)
  }

  isResident(start: number, lengthBytes: number): boolean {
    const first = alignDown(start, PAGE_BYTES)
    const spanBytes = alignUp(start + lengthBytes, PAGE_BYTES) - first
    return isRangeResident(this.#slot.address + first, spanBytes)
  }

  protected unmap(): void {
    giveBack(this.#slot)
  }
}
