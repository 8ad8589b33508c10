/**
 * Goal: what is sent in one turn leaves in one write and in order; nothing is reused or released
 * before the write that refers to it has finished.
 * Method: a writable whose writes finish when the test says so stands for the socket.
 */
import type { Socket } from 'node:net'
import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { ConnectionOutput } from '../../../net/remoting/connection-output.ts'
import {
  type OutputRanges,
  type RangeSender,
  sendNoRanges,
} from '../../../net/remoting/output-ranges.ts'
import { OUTPUT_CHUNK_BYTES, OutputTurn } from '../../../net/remoting/output-turn.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

type Finish = (error?: Error | null) => void

/** Keeps each write unfinished until {@link finish}, and takes its bytes only then. */
class SlowSink extends Writable {
  readonly writes: Buffer[][] = []
  readonly #unfinished: { pieces: Buffer[]; callback: Finish }[] = []
  #taken = ''

  override _write(chunk: Buffer, _encoding: BufferEncoding, callback: Finish): void {
    this.#begin([chunk], callback)
  }

  override _writev(chunks: { chunk: Buffer }[], callback: Finish): void {
    const pieces = chunks.map(({ chunk }) => chunk)
    this.#begin(pieces, callback)
  }

  /** What has been taken, and what lies in the unfinished writes. */
  get text(): string {
    const unfinished = this.#unfinished.flatMap(({ pieces }) => pieces)
    return this.#taken + Buffer.concat(unfinished).toString('latin1')
  }

  async finish(): Promise<void> {
    const write = this.#unfinished.shift()
    if (write !== undefined) this.#taken += Buffer.concat(write.pieces).toString('latin1')
    write?.callback()
    await nextTurn()
  }

  #begin(pieces: Buffer[], callback: Finish): void {
    this.writes.push(pieces)
    this.#unfinished.push({ pieces, callback })
  }
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

function open(
  earlyBytes = Number.POSITIVE_INFINITY,
  sendRanges: RangeSender = sendNoRanges,
): {
  sink: SlowSink
  turn: OutputTurn
  output: ConnectionOutput
  progress: number[]
} {
  const sink = new SlowSink()
  const turn = new OutputTurn()
  const progress: number[] = []
  const output = new ConnectionOutput(sink as unknown as Socket, turn, {
    sendRanges,
    earlyBytes,
    onProgress: () => progress.push(output.unsentBytes),
  })
  return { sink, turn, output, progress }
}

function build(output: ConnectionOutput, text: string, spareBytes = 0): void {
  const { buffer, at } = output.reserve(text.length + spareBytes)
  buffer.write(text, at, 'latin1')
  output.commit(text.length)
}

const large = (character: string): Buffer => Buffer.alloc(5000, character)

test('all output of a turn leaves in one write', async () => {
  const { sink, output } = open()
  for (const text of ['a', 'bc', 'def']) build(output, text, 100)
  expect(sink.writes).toHaveLength(0)
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
  expect(sink.text).toBe('abcdef')
  expect(output.unsentBytes).toBe(6)
  await sink.finish()
  expect(output.unsentBytes).toBe(0)
})

test('what is answered while connections are read leaves when all were read', async () => {
  const { sink, turn, output } = open()
  turn.isReading = true
  build(output, 'a')
  turn.isReading = false
  await new Promise<void>((resolve) => process.nextTick(resolve))
  expect(sink.writes).toHaveLength(0)
  build(output, 'b')
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
  expect(sink.text).toBe('ab')
})

test('what has become large leaves before its turn ends, in order', async () => {
  const { sink, output } = open(10_000)
  const sizes = [4000, 4000, 4000, 100, 12_000, 50]
  const texts = sizes.map((size, index) => String(index).repeat(size))
  for (const [index, text] of texts.entries()) {
    if (index % 2 === 0) build(output, text)
    else output.append(Buffer.from(text))
  }
  expect(sink.text).toBe(texts.slice(0, 3).join(''))
  expect(output.unsentBytes).toBe(24_150)
  for (let count = 0; count < 4; count += 1) await sink.finish()
  expect(sink.text).toBe(texts.join(''))
  expect(output.unsentBytes).toBe(0)
})

test('slices go out uncopied, in order between what was built', async () => {
  const { sink, output } = open()
  const slice = large('x')
  build(output, 'head')
  output.append(slice)
  output.append(Buffer.from('small'))
  build(output, 'tail')
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
  expect(sink.writes[0]).toContain(slice)
  expect(sink.text).toBe(`head${slice.toString()}smalltail`)
})

test('a slice is released when its write has finished, once', async () => {
  const { sink, output, progress } = open()
  const sent: string[] = []
  output.append(large('x'), () => sent.push('first'))
  await nextTurn()
  output.append(large('y'), () => sent.push('second'))
  await nextTurn()
  expect(sent).toEqual([])
  await sink.finish()
  expect(sent).toEqual(['first'])
  await sink.finish()
  expect(sent).toEqual(['first', 'second'])
  expect(progress).toEqual([5000, 0])
  output.release()
  expect(sent).toEqual(['first', 'second'])
})

test('a chunk is not built in again before its write has finished', async () => {
  const { sink, turn, output } = open()
  build(output, 'first')
  await nextTurn()
  build(output, 'other')
  await nextTurn()
  expect(sink.text).toBe('first')
  expect(turn.takeChunk(1)).not.toBe(sink.writes[0]?.[0]?.buffer)
  await sink.finish()
  expect(sink.text).toBe('firstother')
})

test('a chunk comes back for reuse when its write has finished', async () => {
  const { sink, turn, output } = open()
  build(output, 'first')
  await nextTurn()
  const used = sink.writes[0]![0]!.buffer
  await sink.finish()
  expect(turn.takeChunk(1).buffer).toBe(used)
})

test('more than a chunk in one turn is still one write', async () => {
  const { sink, output } = open()
  const texts = Array.from({ length: 40 }, (_, index) => String(index % 10).repeat(1000))
  for (const text of texts) build(output, text)
  build(output, 'z'.repeat(3 * OUTPUT_CHUNK_BYTES))
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
  expect(sink.text).toBe(texts.join('') + 'z'.repeat(3 * OUTPUT_CHUNK_BYTES))
})

test('a reservation that is not committed leaves nothing', async () => {
  const { sink, output } = open()
  output.reserve(10)
  build(output, 'a')
  output.reserve(2 * OUTPUT_CHUNK_BYTES)
  build(output, 'b')
  await nextTurn()
  expect(sink.text).toBe('ab')
})

test('more than was reserved cannot be committed', () => {
  const { output } = open()
  output.reserve(3)
  expect(() => output.commit(4)).toThrow('more was built than reserved')
})

test('release gives everything back, sent or not, and later output goes nowhere', async () => {
  const { sink, output } = open()
  const released: string[] = []
  output.append(large('x'), () => released.push('in flight'))
  await nextTurn()
  output.append(large('y'), () => released.push('built'))
  sink.destroy()
  output.flush()
  output.release()
  expect(released).toEqual(['in flight', 'built'])
  expect(output.unsentBytes).toBe(0)
  build(output, 'late')
  output.append(large('z'), () => released.push('late'))
  expect(released).toEqual(['in flight', 'built', 'late'])
  expect(output.unsentBytes).toBe(0)
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
})

test.each([1, 2, 3])('any mixture comes out in order (seed %i)', async (seed) => {
  const random = new SeededRandom(seed)
  const { sink, output } = open()
  let expected = ''
  let sentCount = 0
  let sliceCount = 0
  for (let round = 0; round < 300; round += 1) {
    const text = random.pick(['a', 'b', 'c']).repeat(1 + random.below(3000))
    expected += text
    if (random.below(3) === 0) {
      sliceCount += 1
      output.append(Buffer.from(text), () => {
        sentCount += 1
      })
    } else build(output, text, random.below(50))
    if (random.below(5) === 0) await nextTurn()
    if (random.below(5) === 0) await sink.finish()
  }
  await nextTurn()
  while (output.unsentBytes > 0) await sink.finish()
  expect(sink.text === expected, `seed ${seed}`).toBe(true)
  expect(sentCount).toBe(sliceCount)
})

/** Stands for a socket that takes as many bytes as `room` says. */
function takeSome(room: () => number, onTaken: (text: string) => void): RangeSender {
  return (_descriptor, ranges) => {
    const text = textOf(ranges).slice(0, room())
    onTaken(text)
    return text.length
  }
}

function textOf({ count, buffers, starts, lengths }: OutputRanges): string {
  let text = ''
  for (let index = 0; index < count; index += 1) {
    const start = starts[index]!
    text += buffers[index]!.toString('latin1', start, start + lengths[index]!)
  }
  return text
}

const log = Buffer.from('0123456789'.repeat(10_000))
const partsOf = (...parts: [number, number][]): { start: number; lengthBytes: number }[] =>
  parts.map(([start, lengthBytes]) => ({ start, lengthBytes }))

test('what the socket takes at once has finished with the turn', async () => {
  let taken = ''
  const all = takeSome(
    () => Number.POSITIVE_INFINITY,
    (text) => {
      taken += text
    },
  )
  const { sink, turn, output, progress } = open(undefined, all)
  const sent: string[] = []
  build(output, 'head')
  output.appendParts(log, partsOf([3, 4], [20, 30_000]), 0, 2, () => sent.push('parts'))
  build(output, 'tail')
  expect(sent).toEqual([])
  await nextTurn()
  expect(taken).toBe(`head3456${log.toString('latin1', 20, 30_020)}tail`)
  expect(sent).toEqual(['parts'])
  expect(progress).toEqual([0])
  expect(output.writtenCount).toBe(1)
  expect(sink.writes).toHaveLength(0)
  // Its chunk is free again, and so is what held the ranges.
  expect(turn.takeRanges().count).toBe(0)
})

test('small parts that were not taken are copied together, large ones are not', async () => {
  const { sink, output } = open()
  let isSent = false
  build(output, 'head')
  const parts = partsOf([0, 10], [50, 10], [1000, 20_000], [80, 10], [90, 5])
  output.appendParts(log, parts, 0, parts.length, () => {
    isSent = true
  })
  await nextTurn()
  expect(sink.writes).toHaveLength(1)
  expect(sink.writes[0]!.map(({ length }) => length)).toEqual([4, 20, 20_000, 15])
  expect(sink.writes[0]![2]!.buffer).toBe(log.buffer)
  expect(sink.writes[0]![1]!.buffer).not.toBe(log.buffer)
  const text = parts.map(({ start, lengthBytes: n }) => log.toString('latin1', start, start + n))
  expect(sink.text).toBe(`head${text.join('')}`)
  expect(isSent).toBe(false)
  await sink.finish()
  expect(isSent).toBe(true)
})

test('the socket is offered nothing while an earlier write is unfinished', async () => {
  let offers = 0
  const none = takeSome(
    () => 0,
    () => {
      offers += 1
    },
  )
  const { sink, output } = open(undefined, none)
  for (const text of ['a', 'b', 'c']) {
    build(output, text)
    await nextTurn()
  }
  expect(offers).toBe(1)
  for (let count = 0; count < 3; count += 1) await sink.finish()
  build(output, 'd')
  await nextTurn()
  expect(offers).toBe(2)
  expect(sink.text).toBe('abcd')
})

test('release gives parts back, and later ones at once', async () => {
  const { sink, output } = open()
  const released: string[] = []
  output.appendParts(log, partsOf([0, 10]), 0, 1, () => released.push('in flight'))
  await nextTurn()
  output.appendParts(log, partsOf([0, 10]), 0, 1, () => released.push('built'))
  sink.destroy()
  output.release()
  expect(released).toEqual(['in flight', 'built'])
  output.appendParts(log, partsOf([0, 10]), 0, 1, () => released.push('late'))
  expect(released).toEqual(['in flight', 'built', 'late'])
  expect(output.unsentBytes).toBe(0)
})

test.each([4, 5, 6])(
  'however much the socket takes, all comes in order (seed %i)',
  async (seed) => {
    const random = new SeededRandom(seed)
    let room = 0
    let arrived = ''
    const some = takeSome(
      () => room,
      (text) => {
        arrived += text
      },
    )
    const { sink, output } = open(undefined, some)
    let expected = ''
    let lentCount = 0
    let returnedCount = 0
    let seen = 0
    const collect = (): void => {
      arrived += sink.text.slice(seen)
      seen = sink.text.length
    }
    for (let round = 0; round < 100; round += 1) {
      room = random.pick([0, random.below(5000), Number.POSITIVE_INFINITY])
      const built = random.pick(['x', 'y']).repeat(random.below(300))
      build(output, built)
      const parts = Array.from({ length: random.below(20) }, () => ({
        start: random.below(50_000),
        lengthBytes: random.pick([1, 60, 300, 1250]),
      }))
      expected += built
      if (random.below(10) === 0) parts.push({ start: random.below(100), lengthBytes: 20_000 })
      if (parts.length > 0) {
        lentCount += 1
        output.appendParts(log, parts, 0, parts.length, () => {
          returnedCount += 1
        })
      }
      for (const { start, lengthBytes: n } of parts)
        expected += log.toString('latin1', start, start + n)
      if (random.below(3) === 0) continue
      await nextTurn()
      collect()
      if (random.below(2) > 0) continue
      await sink.finish()
      collect()
    }
    await nextTurn()
    while (output.unsentBytes > 0) await sink.finish()
    collect()
    expect(arrived === expected, `seed ${seed}`).toBe(true)
    expect(returnedCount).toBe(lentCount)
  },
)
