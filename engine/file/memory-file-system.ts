/**
 * A disk in memory, for tests. It keeps what the running system sees and what would be left if the
 * power went now: of the bytes of files by blocks of 512, of their lengths, and of the names in
 * folders. A sync makes durable exactly what it promises; {@link MemoryDisk.writeBack} makes some
 * of the rest durable as well, as a system does at any time; {@link MemoryDisk.crash} goes back to
 * what is durable. Mappings are views of the very bytes: writes are seen through them at once.
 */
import { dirname } from 'node:path'
import { GIB } from '../base/units.ts'
import type { DiskSpace } from './disk-space.ts'
import type { FileSystem, OpenIntent } from './file-system.ts'
import { CountedRegion, type MappedRegion } from './mapped-region.ts'
import { MemoryFile } from './memory-file.ts'
import { MemoryJournal, type RandomSource } from './memory-journal.ts'
import { MemoryNames } from './memory-names.ts'

/** How likely it is that a block of a file is kept, in tenths: for each file another of these. */
const KEPT_TENTHS = [0, 1, 5, 9, 10] as const

const TIB = 1024 * GIB

class MemoryRegion extends CountedRegion {
  #bytes: Buffer

  constructor(bytes: Buffer) {
    super()
    this.#bytes = bytes
  }

  get bytes(): Buffer {
    return this.#bytes
  }

  isResident(): boolean {
    return true
  }

  protected unmap(): void {
    this.#bytes = Buffer.alloc(this.#bytes.length)
  }
}

export class MemoryDisk implements FileSystem {
  #names = new MemoryNames<MemoryFile>()
  #durableNames = new MemoryNames<MemoryFile>()
  readonly #journal = new MemoryJournal()
  readonly #descriptors = new Map<number, MemoryFile>()
  readonly #locks = new Map<MemoryFile, number>()
  #nextDescriptor = 3
  #space: DiskSpace = { totalBytes: TIB, freeBytes: TIB, availableBytes: TIB }

  /** Makes a random part of what was not synced durable, as the system may at any time. */
  writeBack(random: RandomSource): void {
    this.#journal.commitSome(random)
    for (const file of new Set([...this.#names.files(), ...this.#durableNames.files()])) {
      const tenths = KEPT_TENTHS[random.below(KEPT_TENTHS.length)] ?? 0
      if (tenths === 0) continue
      // Data comes after the lengths that it was written with.
      this.#journal.commitKey(file)
      file.persistSome(() => tenths === 10 || random.below(10) < tenths)
    }
  }

  /**
   * The power goes: open files, and what was not synced of their bytes and of the names in folders.
   * @param random what decides which of it had reached the disk; without, nothing had.
   */
  crash(random?: RandomSource): void {
    if (random !== undefined) this.writeBack(random)
    this.#descriptors.clear()
    this.#locks.clear()
    this.#journal.lose()
    // What no durable folder leads to is gone, also if a folder of the same name is made again.
    this.#durableNames = this.#durableNames.copy()
    this.#names = this.#durableNames.copy()
    for (const file of this.#names.files()) file.lose()
  }

  open(path: string, intent: OpenIntent): number {
    let file = this.#names.file(path)
    if (file === undefined) {
      const canMake = intent === 'create' && this.#names.hasFolder(dirname(path))
      if (!canMake) throw systemError('ENOENT', 'open', path)
      file = new MemoryFile()
      this.#link(path, file)
    }
    const fd = this.#nextDescriptor
    this.#nextDescriptor += 1
    this.#descriptors.set(fd, file)
    return fd
  }

  close(fd: number): void {
    const file = this.#file(fd)
    if (this.#locks.get(file) === fd) this.#locks.delete(file)
    this.#descriptors.delete(fd)
  }

  sizeBytes(fd: number): number {
    return this.#file(fd).lengthBytes
  }

  modifiedMs(path: string): number {
    const file = this.#names.file(path)
    if (file === undefined) throw systemError('ENOENT', 'stat', path)
    return file.modifiedMs
  }

  space(): DiskSpace {
    return this.#space
  }

  /** Sets what {@link space} tells. Nothing that is written takes any of it. */
  setSpace(space: DiskSpace): void {
    this.#space = space
  }

  read(fd: number, target: Buffer, start: number, lengthBytes: number, position: number): number {
    const file = this.#file(fd)
    const end = Math.min(position + lengthBytes, file.lengthBytes)
    return position >= end ? 0 : file.bytes.copy(target, start, position, end)
  }

  readCached(
    fd: number,
    target: Buffer,
    start: number,
    lengthBytes: number,
    position: number,
  ): number {
    return this.read(fd, target, start, lengthBytes, position)
  }

  write(fd: number, source: Buffer, start: number, lengthBytes: number, position: number): number {
    return this.#file(fd).write(source, start, lengthBytes, position)
  }

  allocate(fd: number, start: number, lengthBytes: number, keepSize: boolean): void {
    const end = start + lengthBytes
    if (!keepSize && end > this.#file(fd).lengthBytes) this.setLength(fd, end)
  }

  zero(fd: number, start: number, lengthBytes: number): void {
    this.#file(fd).zero(start, start + lengthBytes)
  }

  discard(fd: number, start: number, lengthBytes: number): void {
    this.zero(fd, start, lengthBytes)
  }

  setLength(fd: number, lengthBytes: number): void {
    const file = this.#file(fd)
    file.setLength(lengthBytes)
    const commit = () => file.persistLength(lengthBytes)
    this.#journal.add({ provides: [file], needs: [file], commit })
  }

  sync(fd: number): void {
    const file = this.#file(fd)
    this.#journal.commitKey(file)
    file.persistAll()
  }

  syncAll(): void {
    this.#journal.commitAll()
    for (const file of this.#names.files()) file.persistAll()
  }

  rename(from: string, to: string): void {
    const file = this.#names.file(from)
    if (file === undefined) throw systemError('ENOENT', 'rename', from)
    if (!this.#names.hasFolder(dirname(to))) throw systemError('ENOENT', 'rename', to)
    this.#names.remove(from)
    this.#names.put(to, file)
    const folders = [dirname(from), dirname(to)]
    const commit = () => {
      this.#durableNames.remove(from)
      this.#durableNames.put(to, file)
    }
    this.#journal.add({ provides: folders, needs: [...folders, file], commit })
  }

  unlink(path: string): void {
    const file = this.#names.file(path)
    if (file === undefined) throw systemError('ENOENT', 'unlink', path)
    this.#names.remove(path)
    const commit = () => void this.#durableNames.remove(path)
    const folder = dirname(path)
    this.#journal.add({ provides: [folder], needs: [folder], commit })
  }

  removeDirectory(path: string): void {
    if (!this.#names.hasFolder(path)) throw systemError('ENOENT', 'rmdir', path)
    if (this.list(path).length > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
    this.#names.removeFolder(path)
    const commit = () => this.#durableNames.removeFolder(path)
    const folders = [dirname(path), path]
    this.#journal.add({ provides: folders, needs: folders, commit })
  }

  makeDirectory(path: string): void {
    if (this.#names.hasFolder(path)) return
    this.makeDirectory(dirname(path))
    this.#names.addFolder(path)
    const commit = () => this.#durableNames.addFolder(path)
    const folders = [dirname(path)]
    this.#journal.add({ provides: folders, needs: folders, commit })
  }

  exists(path: string): boolean {
    return this.#names.file(path) !== undefined || this.#names.hasFolder(path)
  }

  list(path: string): string[] {
    return this.#names.list(path)
  }

  /** Makes the names in a folder durable, not the files that they lead to. */
  syncDirectory(path: string): void {
    if (!this.#names.hasFolder(path)) throw systemError('ENOENT', 'fsync', path)
    this.#journal.commitKey(path)
  }

  lock(fd: number): boolean {
    const file = this.#file(fd)
    const holder = this.#locks.get(file) ?? fd
    this.#locks.set(file, holder)
    return holder === fd
  }

  map(fd: number, lengthBytes: number): MappedRegion {
    const file = this.#file(fd)
    if (lengthBytes > file.lengthBytes) throw systemError('ENXIO', 'mmap', String(fd))
    return new MemoryRegion(file.map(lengthBytes))
  }

  #link(path: string, file: MemoryFile): void {
    this.#names.put(path, file)
    const commit = () => this.#durableNames.put(path, file)
    const folder = dirname(path)
    this.#journal.add({ provides: [folder], needs: [folder, file], commit })
  }

  #file(fd: number): MemoryFile {
    const file = this.#descriptors.get(fd)
    if (file === undefined) throw systemError('EBADF', 'file', String(fd))
    return file
  }
}

function systemError(code: string, call: string, what: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${call} ${what}`), { code, syscall: call })
}
