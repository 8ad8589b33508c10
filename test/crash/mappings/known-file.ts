/**
 * A file whose every word says which file and which page it belongs to, so that a wrong byte tells
 * where it comes from.
 *
 *   word = | id of the file, 20 bits | place and age of the page, 12 bits |   age 0: zeros
 */
import { closeSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from 'node:fs'
import { assert } from '../../../engine/base/assert.ts'
import { MIB, PAGE_BYTES } from '../../../engine/base/units.ts'
import { FOREIGN_BYTE } from './memory-churn.ts'

const PLACE_BITS = 12
const PLACES = 2 ** PLACE_BITS
const PRIME_OF_PAGES = 31
const PRIME_OF_AGES = 7
const AGE_MAX = 255
const FOREIGN_WORD = FOREIGN_BYTE * 0x0101_0101

/** Words of the page that is compared, or written, at the moment. */
const words = new Uint32Array(PAGE_BYTES / Uint32Array.BYTES_PER_ELEMENT)
const expected = Buffer.from(words.buffer)
const chunk = Buffer.alloc(MIB)

/** What another thread needs to know to check a part of a file. */
export interface KnownContent {
  readonly id: number
  readonly path: string
  /** How often each page was written. */
  readonly ages: Uint8Array
}

export class KnownFile implements KnownContent {
  readonly id: number
  readonly path: string
  readonly ages: Uint8Array
  readonly fd: number

  constructor(path: string, id: number, pageCount: number) {
    this.path = path
    this.id = id
    this.ages = new Uint8Array(pageCount)
    this.fd = openSync(path, 'w+')
    ftruncateSync(this.fd, this.lengthBytes)
  }

  get lengthBytes(): number {
    return this.ages.length * PAGE_BYTES
  }

  /** The next content of a page: a view that is valid until the next call of this module. */
  renew(page: number): Buffer {
    const age = this.ages[page] ?? AGE_MAX
    this.ages[page] = age === AGE_MAX ? 1 : age + 1
    fillExpected(this, page)
    return expected
  }

  /** Writes the next content of a page to the file. */
  writePage(page: number): void {
    const count = writeSync(this.fd, this.renew(page), 0, PAGE_BYTES, page * PAGE_BYTES)
    assert(count === PAGE_BYTES, 'a page is written as a whole')
  }

  problem(): string | undefined {
    return problemOfFile(this, this.fd)
  }

  close(): void {
    closeSync(this.fd)
  }

  delete(): void {
    this.close()
    unlinkSync(this.path)
  }
}

/** What is wrong with a file on the disk. */
export function problemOfFile(content: KnownContent, fd: number): string | undefined {
  const pageCount = content.ages.length
  for (let page = 0; page < pageCount; page += chunk.length / PAGE_BYTES) {
    const lengthBytes = Math.min(chunk.length, (pageCount - page) * PAGE_BYTES)
    const count = readSync(fd, chunk, 0, lengthBytes, page * PAGE_BYTES)
    if (count !== lengthBytes) return `${content.path} ends early`
    const problem = problemOf(chunk.subarray(0, count), content, page)
    if (problem !== undefined) return `file: ${problem}`
  }
  return undefined
}

/** What is wrong with bytes that should be those of a file from `firstPage` on. */
export function problemOf(
  bytes: Uint8Array,
  content: KnownContent,
  firstPage: number,
): string | undefined {
  for (let at = 0; at < bytes.length; at += PAGE_BYTES) {
    const page = firstPage + at / PAGE_BYTES
    fillExpected(content, page)
    const found = Buffer.from(bytes.buffer, bytes.byteOffset + at, PAGE_BYTES)
    if (!found.equals(expected)) return describe(found, content, page)
  }
  return undefined
}

function fillExpected({ id, ages }: KnownContent, page: number): void {
  const age = ages[page] ?? 0
  if (age === 0) {
    words.fill(0)
    return
  }
  const first = page * PRIME_OF_PAGES + age * PRIME_OF_AGES
  for (let index = 0; index < words.length; index += 1) {
    words[index] = id * PLACES + ((first + index) % PLACES)
  }
}

function describe(found: Buffer, { id, path }: KnownContent, page: number): string {
  const copy = new Uint32Array(words.length)
  found.copy(Buffer.from(copy.buffer))
  const index = copy.findIndex((word, place) => word !== words[place])
  const word = copy[index] ?? 0
  const origin =
    word === 0
      ? 'zeros'
      : word === FOREIGN_WORD
        ? "the process's memory"
        : Math.floor(word / PLACES) === id
          ? 'another place of the same file'
          : `file ${Math.floor(word / PLACES)}`
  return `page ${page} of file ${id} (${path}) holds bytes of ${origin}`
}
