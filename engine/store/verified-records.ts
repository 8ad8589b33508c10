/**
 * Which records of the log have been held against their checksums, so that a second group which
 * reads them does not pay for it again. What a read finds to have left memory is forgotten, since
 * it comes from the disk once more, and so is what was verified a while ago.
 */
import { assert } from '../base/assert.ts'
import { MIB } from '../base/units.ts'
import { RECORD_MIN_BYTES } from '../format/record-format.ts'

const BLOCK_BYTES = MIB
/** Two records never start in the same cell. */
const CELL_BYTES = 64
const CELLS_PER_BYTE = 8
/** Blocks that are remembered, of 2 KiB each: the last 2 GiB that were read. */
const BLOCKS_MAX = 2048
/** Another program may have pages evicted and read again unseen, so nothing is known for ever. */
export const REMEMBERED_MS = 60_000

interface Block {
  /** A bit for each cell. */
  readonly cells: Uint8Array
  readonly untilMs: number
}

export class VerifiedRecords {
  /** By the number of the block in the log, the oldest first. */
  readonly #blocks = new Map<number, Block>()

  /** Whether the record at a physical offset was added and has not been forgotten. */
  has(physicalOffset: number, nowMs: number): boolean {
    const block = this.#blocks.get(blockOf(physicalOffset))
    if (block === undefined || block.untilMs <= nowMs) return false
    const cell = cellOf(physicalOffset)
    return (block.cells[byteOf(cell)]! & bitOf(cell)) !== 0
  }

  add(physicalOffset: number, nowMs: number): void {
    const number = blockOf(physicalOffset)
    let block = this.#blocks.get(number)
    if (block === undefined || block.untilMs <= nowMs) {
      block = { cells: this.#takeCells(number), untilMs: nowMs + REMEMBERED_MS }
      this.#blocks.set(number, block)
    }
    const cell = cellOf(physicalOffset)
    block.cells[byteOf(cell)]! |= bitOf(cell)
  }

  /** Forgets the records of every block that a stretch of the log touches. */
  forget(physicalOffset: number, lengthBytes: number): void {
    const last = blockOf(physicalOffset + lengthBytes - 1)
    for (let number = blockOf(physicalOffset); number <= last; number += 1) {
      this.#blocks.delete(number)
    }
  }

  /** Empty cells for a block that is new or whose time is over. */
  #takeCells(number: number): Uint8Array {
    const isFull = this.#blocks.size >= BLOCKS_MAX && !this.#blocks.has(number)
    const given = isFull ? this.#blocks.keys().next().value! : number
    const cells = this.#blocks.get(given)?.cells
    this.#blocks.delete(given)
    return cells?.fill(0) ?? new Uint8Array(BLOCK_BYTES / CELL_BYTES / CELLS_PER_BYTE)
  }
}

function blockOf(physicalOffset: number): number {
  return Math.floor(physicalOffset / BLOCK_BYTES)
}

function cellOf(physicalOffset: number): number {
  return Math.floor((physicalOffset % BLOCK_BYTES) / CELL_BYTES)
}

function byteOf(cell: number): number {
  return Math.floor(cell / CELLS_PER_BYTE)
}

function bitOf(cell: number): number {
  return 1 << (cell % CELLS_PER_BYTE)
}

assert(RECORD_MIN_BYTES >= CELL_BYTES, 'a cell holds the start of one record')
