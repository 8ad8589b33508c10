/**
 * Goal: what fits a template differs from its bytes in holes alone, where nothing forbidden stands.
 * Method: a comparison byte by byte, written here, says so of thousands of texts and changed copies
 * of them, in linear memory and outside of it.
 */
import { describe, expect, it } from 'vitest'
import { BytesTemplate } from '../../../engine/format/bytes-template.ts'
import type { LinearMemory } from '../../../engine/format/linear-memory.ts'
import { reservedMemory } from '../../helpers/reserved-memory.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const CAPACITY = 100
const ROOM = 512
const MEMORY_BYTES = BytesTemplate.memoryBytes(CAPACITY) + ROOM
const FORBIDDEN = [
  { below: 0x20, first: 0x22, second: 0x5c },
  { below: -0x80, first: 0x02, second: 0x02 },
] as const

interface Hole {
  readonly start: number
  readonly end: number
}

function isAllowed(byte: number, { below, first, second }: (typeof FORBIDDEN)[number]): boolean {
  return new Int8Array([byte])[0]! >= below && byte !== first && byte !== second
}

function expectedFit(
  text: readonly number[],
  other: readonly number[],
  holes: readonly Hole[],
  forbidden: (typeof FORBIDDEN)[number],
): boolean {
  if (text.length !== other.length) return false
  const isHole = (at: number) => holes.some(({ start, end }) => at >= start && at < end)
  return other.every((byte, at) => (isHole(at) ? isAllowed(byte, forbidden) : byte === text[at]))
}

interface Place {
  readonly memory: LinearMemory | undefined
  readonly room: Buffer
}

const PLACES: readonly [string, () => Place][] = [
  [
    'in linear memory',
    () => {
      const memory = reservedMemory(MEMORY_BYTES)
      return { memory, room: memory.allot(ROOM) }
    },
  ],
  ['outside of it', () => ({ memory: reservedMemory(MEMORY_BYTES), room: Buffer.alloc(ROOM) })],
  ['without any', () => ({ memory: undefined, room: Buffer.alloc(ROOM) })],
]

describe.each(PLACES)('a template of texts %s', (_, place) => {
  it.each(FORBIDDEN)('takes those that differ in holes alone (forbidden: %o)', (forbidden) => {
    const { memory, room } = place()
    const template = new BytesTemplate(CAPACITY, forbidden, memory)
    const random = new SeededRandom(CAPACITY)
    const counts = { fits: 0, differs: 0 }
    for (let round = 0; round < 20_000; round += 1) {
      const length = random.below(CAPACITY + 1)
      const text = Array.from({ length }, () => random.below(256))
      const holes = Array.from({ length: random.below(4) }, () => {
        const start = random.below(length + 1)
        return { start, end: Math.min(length, start + random.below(20)) }
      })
      const start = random.below(ROOM - 2 * CAPACITY)
      room.fill(random.below(256))
      room.set(text, start)
      template.take(room, start, start + length)
      for (const hole of holes) template.addHole(hole.start, hole.end)
      const other = changed(text, holes, random)
      const otherStart = random.below(ROOM - 2 * CAPACITY)
      room.set(other, otherStart)
      const isFit = expectedFit(text, other, holes, forbidden)
      expect(
        template.fits(room, otherStart, otherStart + other.length),
        `${JSON.stringify({ text, other, holes })}`,
      ).toBe(isFit)
      counts[isFit ? 'fits' : 'differs'] += 1
    }
    expect(Math.min(counts.fits, counts.differs)).toBeGreaterThan(1_000)
  })

  it('takes nothing before it has bytes, when it forgot them, and when they were too many', () => {
    const { memory, room } = place()
    room.fill('a')
    const template = new BytesTemplate(8, FORBIDDEN[0], memory)
    expect(template.fits(room, 0, 0)).toBe(false)
    template.take(room, 0, 8)
    expect(template.fits(room, 0, 8)).toBe(true)
    template.forget()
    expect(template.fits(room, 0, 8)).toBe(false)
    template.take(room, 0, 9)
    template.addHole(0, 9)
    expect(template.fits(room, 0, 9)).toBe(false)
  })
})

/** Mostly the same outside of the holes; now and then shorter. */
function changed(text: readonly number[], holes: readonly Hole[], random: SeededRandom): number[] {
  const other = [...text]
  const plain = random.below(3) > 0
  for (const { start, end } of holes) {
    for (let at = start; at < end; at += 1) {
      other[at] = plain ? 0x41 + random.below(20) : random.below(256)
    }
  }
  if (other.length > 0 && random.below(3) === 0) {
    other[random.below(other.length)]! ^= 1 << random.below(8)
  }
  if (random.below(20) === 0) other.pop()
  return other
}
