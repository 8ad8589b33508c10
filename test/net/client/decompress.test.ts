/** Goal: bodies are read as RocketMQ's senders compress them, and nonsense is a coded error. */
import * as zlib from 'node:zlib'
import { compressFrameSync } from 'lz4-napi'
import { expect, test } from 'vitest'
import {
  COMPRESSED_FLAG,
  COMPRESSION_LZ4_TYPE,
  COMPRESSION_MASK,
  COMPRESSION_ZLIB_TYPE,
  COMPRESSION_ZSTD_TYPE,
} from '../../../engine/format/sys-flag.ts'
import { decompress } from '../../../net/client/decompress.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const LARGE = Buffer.concat([new SeededRandom(3).bytes(200_000), Buffer.alloc(100_000)])

test('a body that is not compressed is the very same', async () => {
  const body = Buffer.from('plain')
  expect(await decompress(body, 0)).toBe(body)
})

test.each([
  ['zlib', COMPRESSION_ZLIB_TYPE, zlib.deflateSync],
  ['zlib of old senders', 0, zlib.deflateSync],
  ['lz4', COMPRESSION_LZ4_TYPE, (body: Buffer) => compressFrameSync(body)],
])('%s, small and large', async (_, type, compress) => {
  for (const body of [Buffer.from('small'), LARGE]) {
    const read = await decompress(compress(body), COMPRESSED_FLAG | type)
    expect(read.equals(body)).toBe(true)
  }
})

test.each([
  ['zlib', COMPRESSION_ZLIB_TYPE],
  ['lz4', COMPRESSION_LZ4_TYPE],
  ['zstd', COMPRESSION_ZSTD_TYPE],
  ['an algorithm that does not exist', COMPRESSION_MASK],
])('what is no %s is an error with a code', async (_, type) => {
  const failure = decompress(Buffer.from('nonsense'), COMPRESSED_FLAG | type)
  await expect(failure).rejects.toMatchObject({ code: 'CLIENT_BODY_UNREADABLE' })
})

/** What RocketMQ 5.5.0's Lz4Compressor and ZstdCompressor (level 5) make of a text. */
const JAVA_LZ4 = '04224d186070730d0000004a6c7a342004005034206c7a3400000000'
const JAVA_ZSTD = '28b52ffd00589800007a737464207a737464207a737464207a737464010000'

test('lz4 as Java writes it', async () => {
  const body = Buffer.from(JAVA_LZ4, 'hex')
  const read = await decompress(body, COMPRESSED_FLAG | COMPRESSION_LZ4_TYPE)
  expect(read.toString()).toBe('lz4 lz4 lz4 lz4 lz4 lz4')
})

test('zstd as Java writes it, which does not say how large the content is', async () => {
  const body = Buffer.from(JAVA_ZSTD, 'hex')
  const read = await decompress(body, COMPRESSED_FLAG | COMPRESSION_ZSTD_TYPE)
  expect(read.toString()).toBe('zstd zstd zstd zstd')
})
