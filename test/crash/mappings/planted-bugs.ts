/** Providers of mappings that break one promise each, for the checker to find. */
import { assert } from '../../../engine/base/assert.ts'
import { alignUp, MIB, PAGE_BYTES } from '../../../engine/base/units.ts'
import {
  CountedRegion,
  type MappedRegion,
  type RegionProvider,
} from '../../../engine/file/mapped-region.ts'
import { addressOf, mapFileAt, mapNothingAt } from '../../../engine/file/posix.ts'
import { sharedRegions } from '../../../engine/file/shared-region.ts'

const ARENA_BYTES = 64 * MIB

interface Place {
  readonly buffer: SharedArrayBuffer
  readonly start: number
}

class PlacedRegion extends CountedRegion {
  readonly bytes: Buffer
  readonly #unmap: (address: number) => void

  constructor(fd: number, lengthBytes: number, place: Place, unmap: (address: number) => void) {
    super()
    this.#unmap = unmap
    this.bytes = Buffer.from(place.buffer, place.start, lengthBytes)
    mapFileAt(addressOf(this.bytes), lengthBytes, fd)
  }

  isResident(): boolean {
    return true
  }

  protected unmap(): void {
    this.#unmap(addressOf(this.bytes))
  }
}

/** A file lies over a small buffer of its own, which goes when nobody looks at it any more. */
function mapCollected(fd: number, lengthBytes: number): MappedRegion {
  const buffer = new SharedArrayBuffer(lengthBytes + PAGE_BYTES)
  const base = addressOf(new Uint8Array(buffer))
  const place = { buffer, start: alignUp(base, PAGE_BYTES) - base }
  return new PlacedRegion(fd, lengthBytes, place, () => undefined)
}

const arenas: SharedArrayBuffer[] = []
let arenaEnd = ARENA_BYTES

/** Each place ends one page too late, in the next one's. */
function mapOverlapping(fd: number, lengthBytes: number): MappedRegion {
  if (lengthBytes + PAGE_BYTES > ARENA_BYTES) return sharedRegions.map(fd, lengthBytes)
  if (arenaEnd + lengthBytes > ARENA_BYTES) {
    arenas.push(new SharedArrayBuffer(ARENA_BYTES + PAGE_BYTES))
    arenaEnd = 0
  }
  const buffer = arenas.at(-1)
  assert(buffer !== undefined, 'there is an arena')
  const base = addressOf(new Uint8Array(buffer))
  const start = alignUp(base, PAGE_BYTES) - base + arenaEnd
  arenaEnd += Math.max(PAGE_BYTES, lengthBytes - PAGE_BYTES)
  return new PlacedRegion(fd, lengthBytes, { buffer, start }, (address) =>
    mapNothingAt(address, lengthBytes),
  )
}

/** Does not count who still looks. */
function mapUncounted(fd: number, lengthBytes: number): MappedRegion {
  const region = sharedRegions.map(fd, lengthBytes)
  return {
    bytes: region.bytes,
    lengthBytes,
    references: 0,
    retain: () => undefined,
    release: () => undefined,
    isResident: (start, bytes) => region.isResident(start, bytes),
    close: () => region.close(),
  }
}

export const plantedBugs = {
  'lets a buffer go that a file lies over': { name: 'shared', map: mapCollected },
  'lays a file over a part of another': { name: 'shared', map: mapOverlapping },
  'releases what is still looked at': { name: 'shared', map: mapUncounted },
} as const satisfies Readonly<Record<string, RegionProvider>>

export type PlantedBug = keyof typeof plantedBugs
