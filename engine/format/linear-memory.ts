import { assert } from '../base/assert.ts'
import { processLimit } from '../base/process-limits.ts'
import { COPY_FUNCTION } from './copy-code.ts'
import { crcTables } from './crc.ts'
import { CRC_FUNCTION, CRC_TABLES_BYTES, CRC_TABLES_WORDS } from './crc-code.ts'
import { HEAD_FUNCTION } from './head-code.ts'
import { FITS_FUNCTION } from './template-code.ts'
import { moduleOf } from './wasm-code.ts'

type Call = (...values: number[]) => number
type Memory = { readonly buffer: ArrayBuffer }
/** The part of the global that is used here: TypeScript knows it only among a browser's types. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => Memory
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, Call>> }
  readonly validate: (code: Uint8Array<ArrayBuffer>) => boolean
}

const MEMORY_NAME = { module: 'linear', name: 'memory' }
const MEMORY_PAGE_BYTES = 0x1_0000
/** What is allotted begins so: a stretch of words may be loaded at once. */
const ALIGNMENT_BYTES = 16

let compiled: { readonly module: object | undefined } | undefined

/**
 * Bytes that WebAssembly code works on where they lie: checksums (crc-code.ts), comparisons
 * (template-code.ts), heads of records (head-code.ts) and copies, which need no view of their
 * source (13 instead of 63 ns for 128 bytes, 33 instead of 85 for 1 KiB, Node 20).
 *
 *     | tables of the checksum | allotted … | free |
 */
export class LinearMemory {
  readonly #buffer: ArrayBuffer
  /** The checksum of the bytes from one position up to another, see crc-code.ts. */
  readonly crc: (start: number, end: number) => number
  /** Compares bytes, see template-code.ts. */
  readonly fits: (
    at: number,
    length: number,
    bytes: number,
    mask: number,
    below: number,
    first: number,
    second: number,
  ) => number
  /** Copies so many bytes from one position to another; returns the position behind the copy. */
  readonly copy: (to: number, from: number, length: number) => number
  /** Makes the head of a record from another one's, see head-code.ts; 64 bits are two words. */
  readonly head: (
    to: number,
    template: number,
    recordBytes: number,
    queueId: number,
    queueOffsetHigh: number,
    queueOffsetLow: number,
    physicalOffsetHigh: number,
    physicalOffsetLow: number,
    bornTimestampHigh: number,
    bornTimestampLow: number,
    bodyBytes: number,
  ) => number
  #free = CRC_TABLES_BYTES
  /** The buffer that was asked about last: most calls come with the same again. */
  #latest: Buffer | undefined
  #latestPosition = 0

  /**
   * Takes some ten GiB of address space, not of memory, so it is for what lives long.
   * @returns undefined where address space is limited (`ulimit -v`), which is left to segments and
   *   heap then, on a processor without vectors, and without WebAssembly (`--jitless`).
   */
  static reserve(lengthBytes: number): LinearMemory | undefined {
    if (typeof WebAssembly === 'undefined') return undefined
    if (Number.isFinite(processLimit('Max address space'))) return undefined
    compiled ??= { module: compile() }
    if (compiled.module === undefined) return undefined
    const pageCount = Math.ceil((CRC_TABLES_BYTES + lengthBytes) / MEMORY_PAGE_BYTES)
    try {
      const memory = new WebAssembly.Memory({ initial: pageCount, maximum: pageCount })
      return new LinearMemory(compiled.module, memory)
    } catch (error) {
      if (error instanceof RangeError) return undefined
      throw error
    }
  }

  private constructor(module: object, memory: Memory) {
    this.#buffer = memory.buffer
    const words = new Int32Array(memory.buffer, 0, CRC_TABLES_WORDS)
    for (const [index, table] of crcTables().entries()) words.set(table, index * table.length)
    const imports = { [MEMORY_NAME.module]: { [MEMORY_NAME.name]: memory } }
    const { exports } = new WebAssembly.Instance(module, imports)
    const crc = exports[CRC_FUNCTION.name]
    const fits = exports[FITS_FUNCTION.name]
    const copy = exports[COPY_FUNCTION.name]
    assert(crc !== undefined && fits !== undefined, 'the module gives what it names')
    const head = exports[HEAD_FUNCTION.name]
    assert(copy !== undefined && head !== undefined, 'the module gives what it names')
    this.crc = crc
    this.fits = fits
    this.copy = copy
    this.head = head
  }

  /** So many bytes of it, zeros, for good. */
  allot(lengthBytes: number): Buffer {
    const start = this.#free
    assert(start + lengthBytes <= this.#buffer.byteLength, 'the memory has room for its users')
    this.#free = Math.ceil((start + lengthBytes) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES
    return Buffer.from(this.#buffer, start, lengthBytes)
  }

  /** Where `buffer` begins in this memory; -1 when it lies elsewhere. */
  positionOf(buffer: Buffer): number {
    if (buffer !== this.#latest) {
      this.#latest = buffer
      this.#latestPosition = buffer.buffer === this.#buffer ? buffer.byteOffset : -1
    }
    return this.#latestPosition
  }
}

function compile(): object | undefined {
  const code = moduleOf(MEMORY_NAME, [CRC_FUNCTION, FITS_FUNCTION, COPY_FUNCTION, HEAD_FUNCTION])
  return WebAssembly.validate(code) ? new WebAssembly.Module(code) : undefined
}
