/** Hashes and checksums as Java computes them. */

import { describe, expect, it } from 'vitest'
import { ChecksumBuffer } from '../../../engine/format/checksum-buffer.ts'
import { tagsCodeOf, tagsCodeOfUtf8 } from '../../../engine/format/consume-queue-format.ts'
import { bodyCrcOf } from '../../../engine/format/crc.ts'
import { javaHash, javaHashOfUtf8, positiveHash } from '../../../engine/format/java-hash.ts'
import { bytesOf, golden } from './golden.ts'

describe('javaHash', () => {
  it.each(golden.hashes)(
    'is Java’s for $text',
    ({ text, hash, positiveHash: positive, tagsCode }) => {
      expect(javaHash(text)).toBe(hash)
      const buffer = Buffer.from(`é${text}é`)
      expect(javaHashOfUtf8(buffer, 2, buffer.length - 2)).toBe(hash)
      expect(positiveHash(hash)).toBe(positive)
      expect(tagsCodeOf(text)).toBe(tagsCode)
      expect(tagsCodeOfUtf8(buffer, 2, buffer.length - 2)).toBe(tagsCode)
    },
  )

  it('is Java’s for bytes that are not UTF-8', () => {
    for (const { bytes, hash } of golden.malformedUtf8Hashes) {
      const buffer = bytesOf(`c3${bytes}80`)
      expect([bytes, javaHashOfUtf8(buffer, 1, buffer.length - 1)]).toEqual([bytes, hash])
    }
  })

  it('is that of the text wherever a character stands that is not ASCII', () => {
    for (let length = 0; length <= 20; length += 1) {
      for (let at = 0; at <= length; at += 1) {
        const text = `${'k'.repeat(at)}世${'9'.repeat(length - at)}`
        const buffer = Buffer.from(text)
        expect(javaHashOfUtf8(buffer, 0, buffer.length, -7)).toBe(javaHash(text, -7))
        const ascii = Buffer.from(text.replace('世', '~'))
        expect(javaHashOfUtf8(ascii, 0, ascii.length, 99)).toBe(javaHash(String(ascii), 99))
      }
    }
  })

  it('goes on from the hash of what stands before', () => {
    const text = 'Order#世界 🚀'
    for (let at = 0; at <= text.length; at++) {
      expect(javaHash(text.slice(at), javaHash(text.slice(0, at)))).toBe(javaHash(text))
    }
    const topic = Buffer.from('Örder#')
    const key = Buffer.from('🚀 key')
    const seed = javaHashOfUtf8(topic, 0, topic.length)
    expect(javaHashOfUtf8(key, 0, key.length, seed)).toBe(javaHash('Örder#🚀 key'))
  })
})

describe('bodyCrcOf', () => {
  it.each(golden.bodyCrcs)('is Java’s for $length bytes', ({ length, crc }) => {
    const at = 3
    const buffer = Buffer.alloc(at + length + 2, 0xee)
    for (let index = 0; index < length; index++) buffer[at + index] = index * 7
    expect(bodyCrcOf(buffer, at, at + length)).toBe(crc)
    const checksums = new ChecksumBuffer(buffer.length)
    checksums.bytes.set(buffer)
    expect(checksums.bodyCrc(at, at + length)).toBe(crc)
  })

  it('is the same over shared memory', () => {
    const shared = Buffer.from(new SharedArrayBuffer(1000)).fill(7)
    const own = Buffer.alloc(1000, 7)
    expect(bodyCrcOf(shared, 1, 900)).toBe(bodyCrcOf(own, 1, 900))
    expect(bodyCrcOf(shared, 1, 100)).toBe(bodyCrcOf(own, 1, 100))
  })
})
