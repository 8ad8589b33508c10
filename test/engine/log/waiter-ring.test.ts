import { describe, expect, it } from 'vitest'
import { type OffsetWaiter, WaiterRing } from '../../../engine/log/waiter-ring.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

describe('those who wait for an offset', () => {
  it('are released in order, each once, whatever comes between (seeded)', () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    const why = `seed ${random.seed}`
    let made = 0
    const makeSlot = () => {
      made += 1
      return { untilOffset: 0, name: 0 }
    }
    const ring = new WaiterRing<OffsetWaiter & { name: number }>(makeSlot, 4)
    const model: { untilOffset: number; name: number }[] = []
    let offset = 0
    let most = 0
    for (let name = 0; name < 3000; name += 1) {
      offset = Math.max(offset, model.at(-1)?.untilOffset ?? 0) + random.below(3)
      ring.add(offset).name = name
      model.push({ untilOffset: offset, name })
      most = Math.max(most, model.length)
      const heard: number[] = []
      const choice = random.below(4)
      const at = random.below(offset + 2)
      if (choice === 0) {
        ring.releaseUpTo(at, (waiter) => heard.push(waiter.name))
        const first = model.findIndex(({ untilOffset }) => untilOffset > at)
        const wanted = model.splice(0, first === -1 ? model.length : first)
        expect(heard, why).toEqual(wanted.map((waiter) => waiter.name))
      } else if (choice === 1 && random.below(4) === 0) {
        ring.releaseBeyond(at, (waiter) => heard.push(waiter.name))
        const first = model.findIndex(({ untilOffset }) => untilOffset > at)
        const wanted = first === -1 ? [] : model.splice(first)
        expect(heard, why).toEqual(wanted.map((waiter) => waiter.name))
      }
      expect(ring.count, why).toBe(model.length)
      expect(ring.oldest()?.name, why).toBe(model[0]?.name)
    }
    // Slots are used again: there are never more than the next power of two.
    expect(made, why).toBeLessThan(Math.max(8, 2 * most + 1))
  })
})
