import { describe, expect, it } from 'vitest'
import { BytesMap } from '../../../engine/base/bytes-map.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

describe('a map keyed by bytes and a number', () => {
  it('does what a Map of strings does (seeded)', () => {
    const random = new SeededRandom(Number(process.env['AGENA_SEED'] ?? Date.now() % 2 ** 31))
    const why = `seed ${random.seed}`
    const map = new BytesMap<string>()
    const model = new Map<string, string>()
    for (let step = 0; step < 5000; step += 1) {
      const key = Buffer.from(Array.from({ length: random.below(3) }, () => random.below(4)))
      const number = random.below(4) - 1
      const name = `${key.toString('hex')}/${number}`
      // The key stands somewhere in a larger buffer.
      const buffer = Buffer.concat([random.bytes(2), key, random.bytes(2)])
      const end = 2 + key.length
      expect(map.get(buffer, 2, end, number), why).toBe(model.get(name))
      const action = random.below(100)
      if (action === 0) {
        const suffix = String(random.below(10))
        map.removeWhere((value) => value.endsWith(suffix))
        for (const [known, value] of model) if (value.endsWith(suffix)) model.delete(known)
      } else if (action < 60) {
        const value = `${name}:${step}`
        map.set(buffer, 2, end, number, value)
        model.set(name, value)
        buffer.fill(0xff)
      }
      expect(map.size, why).toBe(model.size)
    }
    expect([...map.values()].sort(), why).toEqual([...model.values()].sort())
  })

  it('grows far beyond its first table', () => {
    const map = new BytesMap<number>()
    const key = Buffer.alloc(4)
    for (let index = 0; index < 10_000; index += 1) {
      key.writeInt32BE(index)
      map.set(key, 0, 4, index % 7, index)
    }
    for (let index = 0; index < 10_000; index += 1) {
      key.writeInt32BE(index)
      expect(map.get(key, 0, 4, index % 7)).toBe(index)
      expect(map.get(key, 0, 4, (index % 7) + 1)).toBeUndefined()
    }
  })
})
