/** Goal: whatever the order of the responses, each finds its own request, once. */
import { expect, test } from 'vitest'
import { OPAQUE_DIGITS, OPAQUE_FIRST, OpaqueSlots } from '../../../../net/cli/load/opaque-slots.ts'
import { SeededRandom } from '../../../helpers/seeded-random.ts'

test('slots are taken in turn', () => {
  const slots = new OpaqueSlots(4)
  expect([slots.take(), slots.take()]).toEqual([0, 1])
  slots.release(slots.opaqueOf(0))
  expect([slots.take(), slots.take(), slots.take()]).toEqual([2, 3, 0])
  expect(slots.isFull).toBe(true)
  expect(() => slots.take()).toThrowError('no slot is free')
})

test('an opaque is worth one answer', () => {
  const slots = new OpaqueSlots(2)
  const first = slots.opaqueOf(slots.take())
  expect(slots.release(first)).toBe(0)
  expect(slots.release(first)).toBe(-1)
  slots.take()
  const again = slots.take()
  expect(slots.opaqueOf(again)).not.toBe(first)
  expect(slots.release(first)).toBe(-1)
})

test.each([0, 5, -1, OPAQUE_FIRST - 1, 0x7fff_ffff])('%d is no opaque of ours', (opaque) => {
  const slots = new OpaqueSlots(3)
  slots.take()
  expect(slots.release(opaque)).toBe(-1)
  expect(slots.takenCount).toBe(1)
})

test('opaques keep their width and tell all requests in flight apart', () => {
  const random = new SeededRandom(7)
  const slots = new OpaqueSlots(5)
  const inFlight = new Map<number, number>()
  for (let round = 0; round < 20_000; round++) {
    if (!slots.isFull && random.below(2) === 0) {
      const slot = slots.take()
      const opaque = slots.opaqueOf(slot)
      expect(String(opaque)).toHaveLength(OPAQUE_DIGITS)
      expect(inFlight.has(opaque)).toBe(false)
      inFlight.set(opaque, slot)
    } else if (inFlight.size > 0) {
      const opaque = random.pick([...inFlight.keys()])
      expect(slots.release(opaque)).toBe(inFlight.get(opaque))
      inFlight.delete(opaque)
    }
    expect(slots.takenCount).toBe(inFlight.size)
  }
})

test('uses begin again when the digits are used up', () => {
  const slots = new OpaqueSlots(OPAQUE_FIRST)
  const first = slots.opaqueOf(slots.take())
  for (let use = 0; use < 10; use++) {
    for (let slot = slots.takenCount; slot < slots.slotCount; slot++) slots.take()
    for (let slot = 0; slot < slots.slotCount; slot++) {
      const opaque = slots.opaqueOf(slot)
      if (String(opaque).length !== OPAQUE_DIGITS) throw new Error(`${opaque} is too long`)
      slots.release(opaque)
    }
  }
  expect(String(first)).toHaveLength(OPAQUE_DIGITS)
})
