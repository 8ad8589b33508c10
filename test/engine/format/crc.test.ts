/** The checksum is CRC-32 without its top bit, at every length and place: each way to it agrees. */
import { execFileSync } from 'node:child_process'
import { crc32 } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { AssertionFailure } from '../../../engine/base/assert.ts'
import { ChecksumBuffer } from '../../../engine/format/checksum-buffer.ts'
import { bodyCrcOf } from '../../../engine/format/crc.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'

const LENGTH_MAX = 700

describe('bodyCrcOf', () => {
  it('is what zlib says, for lengths on both sides of every way to compute it', () => {
    // A buffer that does not begin where its memory does.
    const buffer = new SeededRandom(7).bytes(LENGTH_MAX + 9).subarray(3)
    for (let length = 0; length <= LENGTH_MAX; length += 1) {
      const start = length % 5
      const expected = crc32(buffer.subarray(start, start + length)) & 0x7fff_ffff
      expect(bodyCrcOf(buffer, start, start + length)).toBe(expected)
    }
  })

  it('has no sign', () => {
    const bodies = Array.from({ length: 100 }, (_, index) => Buffer.from(`body ${index}`))
    expect(bodies.some((body) => crc32(body) > 0x7fff_ffff)).toBe(true)
    expect(bodies.every((body) => bodyCrcOf(body, 0, body.length) >= 0)).toBe(true)
  })
})

describe('ChecksumBuffer', () => {
  it('says what zlib says, at every length and place, to its last byte', () => {
    const content = new SeededRandom(11).bytes(70_000)
    const checksums = new ChecksumBuffer(content.length)
    checksums.bytes.set(content)
    const ranges = Array.from({ length: LENGTH_MAX }, (_, length) => [length % 67, length] as const)
    const long = [1023, 1024, 4096, 65_536].map((length) => [5, length] as const)
    for (const [start, length] of [...ranges, ...long]) {
      const expected = crc32(content.subarray(start, start + length)) & 0x7fff_ffff
      expect(checksums.bodyCrc(start, start + length)).toBe(expected)
      const end = content.length
      const last = crc32(content.subarray(end - length)) & 0x7fff_ffff
      expect(checksums.bodyCrc(end - length, end)).toBe(last)
    }
  })

  it('says what zlib says of bytes that are all the same', () => {
    const checksums = new ChecksumBuffer(2000)
    for (const byte of [0, 0x01, 0x80, 0xff]) {
      checksums.bytes.fill(byte)
      const expected = crc32(checksums.bytes) & 0x7fff_ffff
      expect(checksums.bodyCrc(0, checksums.bytes.length)).toBe(expected)
    }
  })

  it('does without its code in a process that may not have the address space', () => {
    const place = new URL('../../../engine/format/checksum-buffer.js', import.meta.url)
    const program = `
      const { ChecksumBuffer } = await import(${JSON.stringify(place.href)})
      const { crc32 } = await import('node:zlib')
      const checksums = new ChecksumBuffer(5000)
      checksums.bytes.fill('agena')
      const parts = [[0, 100], [7, 1031], [0, 5000]]
      const isSame = ([start, end]) =>
        checksums.bodyCrc(start, end) === (crc32(checksums.bytes.subarray(start, end)) & 0x7fffffff)
      console.log(parts.every(isSame))`
    // In KiB: too little for a memory with its guards, and enough for that and nothing else.
    for (const limit of [4_000_000, 12_200_000, 12_800_000]) {
      const shell = `ulimit -v ${limit} && exec "$0" --input-type=module -e "$1"`
      const output = execFileSync('sh', ['-c', shell, process.execPath, program], {
        encoding: 'utf8',
      })
      expect(output, `${limit} KiB`).toBe('true\n')
    }
  })

  it('looks at nothing beside its bytes', () => {
    const checksums = new ChecksumBuffer(100)
    expect(() => checksums.bodyCrc(0, 101)).toThrow(AssertionFailure)
    expect(() => checksums.bodyCrc(-1, 10)).toThrow(AssertionFailure)
    expect(() => checksums.bodyCrc(11, 10)).toThrow(AssertionFailure)
  })
})
