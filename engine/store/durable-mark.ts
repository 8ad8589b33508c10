/**
 * Keeps `agena/durable`: up to where the log was surely on the disk. What is not whole before it is
 * damage, what is not whole behind it was torn by the end of a process or of the power.
 */
import { join } from 'node:path'
import { type FileSystem, readWholeFile, writeFully } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import {
  DURABLE_MARK_BYTES,
  type DurableMark,
  readDurableMark,
  writeDurableMark,
} from '../format/durable-mark-format.ts'
import { replaceFile } from './store-checkpoint.ts'

/** The mark on disk; undefined when there is none, as in a store of Java, or it is not whole. */
export function loadDurableMark(files: FileSystem, layout: StoreLayout): DurableMark | undefined {
  const content = readWholeFile(files, durableMarkPath(layout))
  return content === undefined ? undefined : readDurableMark(content)
}

/** Replaces the mark, durably. */
export function saveDurableMark(files: FileSystem, layout: StoreLayout, mark: DurableMark): void {
  const known = loadDurableMark(files, layout)
  const isSame =
    known?.durableOffset === mark.durableOffset && known.segmentBytes === mark.segmentBytes
  if (isSame) return
  const content = Buffer.alloc(DURABLE_MARK_BYTES)
  writeDurableMark(content, mark)
  replaceFile(files, layout, durableMarkPath(layout), content)
}

/** Moves the mark of an open store on, by one write and no sync: for the thread that flushes. */
export class DurableMarkWriter {
  readonly #files: FileSystem
  readonly #path: string
  readonly #segmentBytes: number
  readonly #content = Buffer.alloc(DURABLE_MARK_BYTES)
  #durableOffset: number
  #fd = -1

  /** @param mark what the file says: whoever opens a store has saved it. */
  constructor(files: FileSystem, layout: StoreLayout, mark: DurableMark) {
    this.#files = files
    this.#path = durableMarkPath(layout)
    this.#segmentBytes = mark.segmentBytes
    this.#durableOffset = mark.durableOffset
  }

  /** Everything before `durableOffset` is on the disk: called after the sync that made it so. */
  write(durableOffset: number): void {
    if (durableOffset === this.#durableOffset) return
    if (this.#fd === -1) this.#fd = this.#files.open(this.#path, 'write')
    const content = this.#content
    writeDurableMark(content, { durableOffset, segmentBytes: this.#segmentBytes })
    const range = { start: 0, lengthBytes: DURABLE_MARK_BYTES, position: 0 }
    writeFully(this.#files, this.#fd, content, range)
    this.#durableOffset = durableOffset
  }

  close(): void {
    if (this.#fd !== -1) this.#files.close(this.#fd)
    this.#fd = -1
  }
}

function durableMarkPath(layout: StoreLayout): string {
  return join(layout.work, 'durable')
}
