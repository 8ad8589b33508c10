/**
 * Mappings over the inside of SharedArrayBuffers: no garbage-collection cost, visible to every
 * thread that is given the buffer, and released by laying zero pages over them.
 *
 *   SharedArrayBuffer  |..|====== slot ======|====== slot ======| … |..|
 *                         ^ page-aligned; a file is mapped over each slot in use
 *
 * A buffer that ever carried a mapping is never collected: a small one may come from malloc's heap,
 * which would hand out memory that writes into the file. So buffers are at least 64 MiB, belong to
 * a pool that lives as long as the process, and small files share one by slots of equal size.
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

/** Every buffer that carried a mapping: kept until the process ends, see above. */
const arenas: SharedArrayBuffer[] = []
const freeSlotsBySize = new Map<number, Slot[]>()

export const sharedRegions: RegionProvider = {
  name: 'shared',
  map: (fd, lengthBytes) => mapShared(fd, lengthBytes),
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
  const base = addressOf(new Uint8Array(buffer))
  const firstStart = alignUp(base, PAGE_BYTES) - base
  const slots: Slot[] = []
  for (let at = arenaBytes - sizeBytes; at >= 0; at -= sizeBytes) {
    const start = firstStart + at
    slots.push({ buffer, start, address: base + start, sizeBytes })
  }
  return slots
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
    const pages = new Uint8Array(spanBytes / PAGE_BYTES)
    return isRangeResident(this.#slot.address + first, spanBytes, pages)
  }

  protected unmap(): void {
    giveBack(this.#slot)
  }
}
