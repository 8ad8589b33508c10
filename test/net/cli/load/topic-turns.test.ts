import { expect, test } from 'vitest'
import { TopicTurns } from '../../../../net/cli/load/topic-turns.ts'

/** A round moves each topic on by one queue, but for those that it meets a round later. */
const ROUNDS_PER_QUEUE = 3

test.each([
  [8, 4],
  [10, 4],
  [7, 3],
  [1000, 8],
  [10_000, 4],
  [2, 2],
  [3, 1],
])('%i topics of %i queues: every queue of every topic has its turn', (topicCount, queueCount) => {
  const turns = new TopicTurns(topicCount, queueCount, 1)
  const seen = new Set<string>()
  let sends = 0
  for (let round = 0; round < ROUNDS_PER_QUEUE * queueCount; round += 1) {
    const topics = Array.from({ length: topicCount }, () => {
      const topic = turns.take()
      seen.add(`${topic}/${sends % queueCount}`)
      sends += 1
      return topic
    })
    expect(new Set(topics).size).toBe(topicCount)
  }
  expect(seen.size).toBe(topicCount * queueCount)
})
