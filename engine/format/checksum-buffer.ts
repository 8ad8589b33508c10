import { assert } from '../base/assert.ts'
import { processLimit } from '../base/process-limits.ts'
import { bodyCrcOf, crcTables } from './crc.ts'
import { CRC_MODULE, CRC_TABLES_BYTES, CRC_TABLES_WORDS, crcModule } from './crc-code.ts'

type Crc = (start: number, end: number) => number
type Memory = { readonly buffer: ArrayBuffer }
/** The part of the global that is used here: TypeScript knows it only among a browser's types. */
declare const WebAssembly: {
  readonly Memory: new (pages: { initial: number; maximum: number }) => Memory
  readonly Module: new (code: Uint8Array<ArrayBuffer>) => object
  readonly Instance: new (
    module: object,
    imports: object,
  ) => { readonly exports: Readonly<Record<string, Crc>> }
}

/** Of a WebAssembly memory. */
const MEMORY_PAGE_BYTES = 0x1_0000

let compiled: object | undefined

/**
 * Bytes whose checksums are taken where they lie, by the code of crc-code.ts: 50 instead of 75 ns
 * for 128 bytes, 220 instead of 410 ns for 1 KiB by `bodyCrcOf`, which any buffer can have. That
 * takes some ten GiB of address space, not of memory, so this is for what lives long. Where that is
 * limited (`ulimit -v`) it is a buffer like any other, and leaves the room to segments and heap.
 */
export class ChecksumBuffer {
  readonly bytes: Buffer
  readonly #crc: Crc
  /** Where `bytes` start for `#crc`. */
  readonly #base: number

  /** @param lengthBytes of zeros */
  constructor(lengthBytes: number) {
    const memory = reserve(CRC_TABLES_BYTES + lengthBytes)
    if (memory === undefined) {
      const bytes = Buffer.alloc(lengthBytes)
      this.bytes = bytes
      this.#base = 0
      this.#crc = (start, end) => bodyCrcOf(bytes, start, end)
      return
    }
    this.bytes = Buffer.from(memory.buffer, CRC_TABLES_BYTES, lengthBytes)
    this.#base = CRC_TABLES_BYTES
    this.#crc = crcOver(memory)
  }

  /** The checksum of `bytes[start, end)`, as a record's `bodyCrc` holds it; 0 for no bytes. */
  bodyCrc(start: number, end: number): number {
    assert(start >= 0 && start <= end && end <= this.bytes.length, 'a part of the buffer')
    return this.#crc(this.#base + start, this.#base + end)
  }
}

function reserve(lengthBytes: number): Memory | undefined {
  if (Number.isFinite(processLimit('Max address space'))) return undefined
  const pageCount = Math.ceil(lengthBytes / MEMORY_PAGE_BYTES)
  try {
    return new WebAssembly.Memory({ initial: pageCount, maximum: pageCount })
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

function crcOver(memory: Memory): Crc {
  const words = new Int32Array(memory.buffer, 0, CRC_TABLES_WORDS)
  for (const [index, table] of crcTables().entries()) words.set(table, index * table.length)
  compiled ??= new WebAssembly.Module(crcModule())
  const imports = { [CRC_MODULE.imports]: { [CRC_MODULE.memory]: memory } }
  const crc = new WebAssembly.Instance(compiled, imports).exports[CRC_MODULE.crc]
  assert(crc !== undefined, 'the module gives what it names')
  return crc
}
