import { expect, it } from 'vitest'
import { TopicEntries } from '../../../engine/queue/topic-entries.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

function counted(): { entries: TopicEntries<{ name: Buffer; number: number }>; made: string[] } {
  const made: string[] = []
  const entries = new TopicEntries((name) => ({ name, number: made.push(name.toString()) }))
  return { entries, made }
}

const of = (entries: ReturnType<typeof counted>['entries'], topic: string): number => {
  const bytes = Buffer.from(`..${topic}..`)
  const { name, number } = entries.of(bytes, 2, bytes.length - 2)
  // What is kept is no view of the record.
  bytes.fill(0)
  expect(name.toString()).toBe(topic)
  return number
}

it('gives each topic its own entry, in a row or not (seed 3)', () => {
  const { entries, made } = counted()
  const random = new SeededRandom(3)
  const numbers = new Map<string, number>()
  for (let round = 0; round < 5000; round += 1) {
    const topic = random.pick(['T', 'T', 'T-1', 'T-10', 'T-2', 'ü', `T-${random.below(300)}`])
    const number = of(entries, topic)
    expect(numbers.get(topic) ?? number, topic).toBe(number)
    numbers.set(topic, number)
  }
  expect(made).toHaveLength(numbers.size)
})

it('makes a new entry of a topic that was removed, also of the one that was found last', () => {
  const { entries, made } = counted()
  for (const topic of ['A', 'B']) of(entries, topic)
  entries.remove('B')
  entries.remove('never seen')
  expect(of(entries, 'B')).toBe(3)
  expect(of(entries, 'A')).toBe(1)
  expect(made).toEqual(['A', 'B', 'B'])
})
