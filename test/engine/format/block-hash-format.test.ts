/**
 * Goal: what is read back is what was written, and a file that was touched is not believed.
 * Method: the picture, byte by byte; each byte changed; published XXH64 values.
 */
import { crc32 } from 'node:zlib'
import { expect, test } from 'vitest'
import { decodeBlockHashes, encodeBlockHashes } from '../../../engine/format/block-hash-format.ts'
import { loadBlockHasher } from '../../../engine/store/block-hashes.ts'

const HASHES = {
  segmentStart: 2 ** 40,
  segmentBytes: 9 * 1024 * 1024,
  blockBytes: 4 * 1024 * 1024,
  madeAtMs: 1_700_000_000_123,
  hashes: ['0123456789abcdef', 'fedcba9876543210', '00000000000000ff'],
}

test('the file is its picture', () => {
  const file = encodeBlockHashes(HASHES)
  expect(file.toString('latin1', 0, 4)).toBe('AgB1')
  expect(file.readInt32BE(4)).toBe(HASHES.blockBytes)
  expect(file.readBigInt64BE(8)).toBe(BigInt(HASHES.segmentStart))
  expect(file.readBigInt64BE(16)).toBe(BigInt(HASHES.segmentBytes))
  expect(file.readBigInt64BE(24)).toBe(BigInt(HASHES.madeAtMs))
  expect(file.toString('hex', 32, 56)).toBe(HASHES.hashes.join(''))
  expect(file.readInt32BE(56)).toBe(crc32(file.subarray(0, 56)) & 0x7fff_ffff)
  expect(file.length).toBe(60)
  expect(decodeBlockHashes(file)).toEqual(HASHES)
})

test('a file with a changed, missing or further byte is no file of hashes', () => {
  const file = encodeBlockHashes(HASHES)
  for (let at = 0; at < file.length; at += 1) {
    const changed = Buffer.from(file)
    changed[at]! ^= 0x10
    expect(decodeBlockHashes(changed), `byte ${at}`).toBeUndefined()
    expect(decodeBlockHashes(file.subarray(0, at)), `${at} bytes`).toBeUndefined()
  }
  expect(decodeBlockHashes(Buffer.concat([file, Buffer.alloc(8)]))).toBeUndefined()
})

test('the hash is XXH64 with seed 0', async () => {
  const hasher = await loadBlockHasher()
  expect(hasher(Buffer.alloc(0))).toBe('ef46db3751d8e999')
  expect(hasher(Buffer.from('abc'))).toBe('44bc2cf5ad770999')
})
