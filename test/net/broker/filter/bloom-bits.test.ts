import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { bloomBits, bloomPositions } from '../../../../net/broker/filter/bloom-bits.ts'

const golden = JSON.parse(readFileSync('test/fixtures/filters/filters-5.5.0.json', 'utf8')) as {
  readonly bloom: Readonly<Record<string, readonly number[]>>
}

test('a group and topic have the bits that RocketMQ gives them', () => {
  const { '': sizes, ...positions } = golden.bloom
  expect(Object.keys(positions)).toHaveLength(40)
  for (const [key, bits] of Object.entries(positions))
    expect(bloomPositions(key), key).toEqual(bits)
  const [key = ''] = Object.keys(positions)
  const [group = '', topic = ''] = key.split('#')
  expect(bloomBits(group, topic)).toEqual({ bitNum: sizes?.[0], bitPos: positions[key] })
})
