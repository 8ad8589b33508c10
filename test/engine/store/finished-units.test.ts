/**
 * Goal: a unit is found when reput has finished it, never before, and one that was found is not
 * read again.
 * Method: a queue of which a test decides how far its file is filled stands for the real one.
 */
import { expect, it } from 'vitest'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  writeConsumeQueueUnit,
} from '../../../engine/format/consume-queue-format.ts'
import type { ConsumeQueue } from '../../../engine/queue/consume-queue.ts'
import { FinishedUnits } from '../../../engine/store/finished-units.ts'

const RECORD_BYTES = 100

/** Unit n leads to the n-th record of the log. */
class FilledQueue {
  readCount = 0
  writtenCount: number

  constructor(writtenCount: number) {
    this.writtenCount = writtenCount
  }

  readUnits(queueOffset: number, target: Buffer, lengthBytes: number): number {
    this.readCount += 1
    const count = Math.floor(lengthBytes / CONSUME_QUEUE_UNIT_BYTES)
    target.fill(0)
    for (let index = 0; index < count && queueOffset + index < this.writtenCount; index += 1) {
      const physicalOffset = (queueOffset + index) * RECORD_BYTES
      const at = index * CONSUME_QUEUE_UNIT_BYTES
      writeConsumeQueueUnit(target, at, physicalOffset, RECORD_BYTES, 0)
    }
    return count
  }
}

function open(writtenCount: number, finishedCount = writtenCount) {
  const queue = new FilledQueue(writtenCount)
  const log = { finishedCount }
  const units = new FinishedUnits(800, () => log.finishedCount * RECORD_BYTES)
  const read = (queueOffset: number, count: number, of = queue): number[] => {
    const found = units.read(of as unknown as ConsumeQueue, queueOffset, count)
    const unit = createConsumeQueueUnit()
    return Array.from({ length: found }, (_, index) => {
      units.get(index, unit)
      return unit.physicalOffset / RECORD_BYTES
    })
  }
  return { queue, log, read }
}

function numbers(from: number, count: number): number[] {
  return Array.from({ length: count }, (_, index) => from + index)
}

it('reads a page for six pulls of 32, for each of four readers of a queue', () => {
  const { queue, read } = open(100_000)
  const starts = [0, 5000, 20_000, 40_000]
  for (let pull = 0; pull < 60; pull += 1) {
    for (const start of starts) {
      expect(read(start + pull * 32, 32)).toEqual(numbers(start + pull * 32, 32))
    }
  }
  // The first read of the queue reads what it wants.
  expect(queue.readCount).toBe(1 + starts.length * 10)
})

it('finds no unit that is not finished, and each as soon as it is', () => {
  const { queue, log, read } = open(500, 10)
  expect(read(0, 32)).toEqual(numbers(0, 10))
  expect(read(10, 32)).toEqual([])
  log.finishedCount = 30
  expect(read(10, 32)).toEqual(numbers(10, 20))
  log.finishedCount = 500
  expect(read(30, 32)).toEqual(numbers(30, 32))
  queue.writtenCount = 520
  log.finishedCount = 510
  expect(read(490, 32)).toEqual(numbers(490, 20))
  log.finishedCount = 520
  expect(read(510, 32)).toEqual(numbers(510, 10))
  expect(read(520, 32)).toEqual([])
})

it('finds more than a page at once', () => {
  const { read } = open(2000, 600)
  expect(read(3, 800)).toEqual(numbers(3, 597))
  expect(read(3, 5000)).toEqual(numbers(3, 597))
})

it('takes the units of a queue that was made anew for others', () => {
  const { read } = open(100)
  expect(read(0, 32)).toEqual(numbers(0, 32))
  const again = new FilledQueue(5)
  expect(read(0, 32, again)).toEqual(numbers(0, 5))
})

it('keeps units of many queues', () => {
  const { read } = open(100)
  const queues = numbers(0, 1000).map((count) => new FilledQueue(count))
  for (const [count, queue] of queues.entries()) {
    expect(read(0, 32, queue)).toEqual(numbers(0, Math.min(count, 32)))
  }
  for (const [count, queue] of queues.entries()) {
    expect(read(0, 32, queue)).toEqual(numbers(0, Math.min(count, 32)))
  }
})
