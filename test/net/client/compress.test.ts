/**
 * Goal: what is compressed here is read by our own consumer, and shrinks, whatever the type.
 * That Java reads it too is seen in test/interop/producer.test.ts.
 */
import { deflateSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compressionOf } from '../../../engine/format/sys-flag.ts'
import { type CompressType, packBody } from '../../../net/client/compress.ts'
import { decompress } from '../../../net/client/decompress.ts'
import { Producer } from '../../../net/client/producer.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const TYPES: readonly CompressType[] = ['zlib', 'lz4', 'zstd']
const MIB = 1024 * 1024
const NAME_SERVER = { nameServers: ['127.0.0.1:1'], group: 'tests' }

/** Text that repeats itself here and there: about as large as `bytes`. */
function story(bytes: number): Buffer {
  const random = new SeededRandom(7)
  const words = Array.from({ length: 200 }, () => random.bytes(4).toString('hex'))
  const lines: string[] = []
  for (let length = 0; length < bytes; length += 9) lines.push(words[random.below(200)]!)
  return Buffer.from(lines.join(' ')).subarray(0, bytes)
}

describe.each(TYPES)('%s', (compressType) => {
  test.each([
    ['a page', 4096],
    ['more than one block', 300_000],
    ['as large as a message may be', 4 * MIB],
  ])('%s', async (_, bytes) => {
    const body = story(bytes)
    const packing = { compressFromBytes: 4096, compressType, compressLevel: 5 }
    const packed = await packBody(body, packing)
    expect(compressionOf(packed.sysFlag)).toBe(compressType)
    expect(packed.body.length).toBeLessThan(bytes)
    expect((await decompress(packed.body, packed.sysFlag)).equals(body)).toBe(true)
  })

  test('what is small, or would not shrink, stays as it is', async () => {
    const packing = { compressFromBytes: 4096, compressType, compressLevel: 5 }
    for (const body of [story(4095), new SeededRandom(1).bytes(5_000)]) {
      const packed = await packBody(body, packing)
      expect(packed).toEqual({ body, sysFlag: 0 })
      expect(packed.body).toBe(body)
    }
  })

  test('its levels are taken from the lowest to the highest, and no other', async () => {
    const levelMax = compressType === 'zlib' ? 9 : 22
    for (const compressLevel of [1, levelMax]) {
      const producer = await Producer.start({ ...NAME_SERVER, compressType, compressLevel })
      await producer.close()
    }
    for (const compressLevel of [0, levelMax + 1]) {
      const starting = Producer.start({ ...NAME_SERVER, compressType, compressLevel })
      await expect(starting).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
    }
  })
})

test('the level is the one of zlib', async () => {
  const body = story(100_000)
  for (const compressLevel of [1, 5, 9]) {
    const packed = await packBody(body, {
      compressFromBytes: 1,
      compressType: 'zlib',
      compressLevel,
    })
    expect(packed.body.equals(deflateSync(body, { level: compressLevel }))).toBe(true)
  }
})

test('a type that RocketMQ does not know is refused at start', async () => {
  const options = { ...NAME_SERVER, compressType: 'snappy' as CompressType }
  await expect(Producer.start(options)).rejects.toMatchObject({ code: 'CLIENT_OPTION_INVALID' })
})
