/**
 * Goal: Zstandard works on every Node that this package runs on, and a frame cannot claim memory
 * that its blocks do not fill.
 * Method: the WebAssembly build on any Node, against node:zlib where that has Zstandard; frames cut
 * at every byte, and frames whose header lies.
 */
import { describe, expect, test } from 'vitest'
import { zstdContentBound } from '../../../engine/format/zstd-frame.ts'
import {
  compressByWasm,
  compressZstd,
  decompressByWasm,
  decompressZstd,
} from '../../../net/client/zstd.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const MIB = 1024 * 1024
const BODIES = [
  ['a few bytes', Buffer.from('zstd zstd zstd')],
  ['a run', Buffer.alloc(3 * MIB, 'x')],
  ['noise', new SeededRandom(5).bytes(300_000)],
  ['noise and a run', Buffer.concat([new SeededRandom(6).bytes(200_000), Buffer.alloc(MIB)])],
] as const
/** What RocketMQ 5.5.0's ZstdCompressor makes of `zstd zstd zstd zstd`: no content size. */
const JAVA_FRAME = Buffer.from(
  '28b52ffd00589800007a737464207a737464207a737464207a737464010000',
  'hex',
)

describe.each(BODIES)('%s', (_, body) => {
  test('is the same again, whoever packs and unpacks', async () => {
    for (const compress of [compressByWasm, compressZstd]) {
      const frame = await compress(body, 5)
      for (const decompress of [decompressByWasm, decompressZstd]) {
        expect((await decompress(frame, 4 * MIB)).equals(body)).toBe(true)
      }
      expect(zstdContentBound(frame)).toBeGreaterThanOrEqual(body.length)
    }
  })

  test('is refused when it is larger than allowed', async () => {
    const frame = await compressByWasm(body, 5)
    for (const decompress of [decompressByWasm, decompressZstd]) {
      const failure = decompress(frame, body.length - 1)
      await expect(failure).rejects.toThrow(/at most|larger than/)
    }
  })
})

test('levels differ', async () => {
  const words = new SeededRandom(8).bytes(2_000).toString('hex')
  const body = Buffer.from(`${words}, ${words.slice(1_000)}, ${words.slice(500)}`)
  const [quick, close] = await Promise.all([compressByWasm(body, 1), compressByWasm(body, 22)])
  expect(quick.equals(close)).toBe(false)
})

test('the bound of a frame without a content size is the one of its blocks', () => {
  expect(zstdContentBound(JAVA_FRAME)).toBe(19)
})

test('a frame that lacks bytes, or has more of them, is none', () => {
  for (let length = 0; length < JAVA_FRAME.length; length += 1) {
    expect(zstdContentBound(JAVA_FRAME.subarray(0, length))).toBeUndefined()
  }
  expect(zstdContentBound(Buffer.concat([JAVA_FRAME, Buffer.alloc(1)]))).toBeUndefined()
})

/** Magic, and a descriptor that has the content size in 8 bytes and no window. */
const HEADER = '28b52ffde0'
/** The last block, raw, of one byte. */
const ONE_BYTE_BLOCK = '090000aa'

test.each([
  ['more than its blocks can hold', `${HEADER}0200000000000000${ONE_BYTE_BLOCK}`],
  ['more than there is memory', `${HEADER}ffffffffffffffff${ONE_BYTE_BLOCK}`],
  ['four gigabytes and one byte', `${HEADER}0100000001000000${ONE_BYTE_BLOCK}`],
  ['a block of a type that does not exist', `${HEADER}01000000000000000f0000aa`],
  ['a block that is too large', '28b52ffd00580b0010aa'],
])('a frame that claims %s is refused', async (_, hex) => {
  const frame = Buffer.from(hex, 'hex')
  expect(zstdContentBound(frame)).toBeUndefined()
  await expect(decompressByWasm(frame, MIB)).rejects.toThrow('not one whole frame')
})

test('a frame that says what its block holds is read', async () => {
  const frame = Buffer.from(`${HEADER}0100000000000000${ONE_BYTE_BLOCK}`, 'hex')
  expect((await decompressByWasm(frame, MIB)).toString('hex')).toBe('aa')
})

test('a frame that is whole but whose blocks are nonsense is an error', async () => {
  const nonsense = new SeededRandom(9).bytes(50)
  const header = Buffer.from([((nonsense.length << 3) | 0b101) & 0xff, 0x01, 0])
  const frame = Buffer.concat([Buffer.from('28b52ffd0058', 'hex'), header, nonsense])
  expect(zstdContentBound(frame)).toBe(128 * 1024)
  await expect(decompressByWasm(frame, MIB)).rejects.toThrow('Failed to')
})
