/**
 * A disk in memory, for tests: every file has the content that the running system sees and the
 * content that was synced, and so has every folder. {@link MemoryDisk.crash} goes back to what was
 * synced. Mappings are views of the very bytes, so writes are seen through them at once.
 */
import { dirname } from 'node:path'
import type { FileSystem, OpenIntent } from './file-system.ts'
import { CountedRegion, type MappedRegion } from './mapped-region.ts'

/** Files grow into buffers that are this many times larger than asked for, so that views stay. */
const GROWTH = 2
const CAPACITY_MIN = 4096

class MemoryFile {
  bytes: Buffer = Buffer.alloc(CAPACITY_MIN)
  lengthBytes = 0
  durable: Buffer = Buffer.alloc(0)

  setLength(lengthBytes: number): void {
    if (lengthBytes > this.bytes.length) {
      const larger = Buffer.alloc(Math.max(lengthBytes, this.bytes.length * GROWTH))
      this.bytes.copy(larger, 0, 0, this.lengthBytes)
      this.bytes = larger
    }
    if (lengthBytes < this.lengthBytes) this.bytes.fill(0, lengthBytes, this.lengthBytes)
    this.lengthBytes = lengthBytes
  }
}

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
  #files = new Map<string, MemoryFile>()
  #durableFiles = new Map<string, MemoryFile>()
  #directories = new Set<string>(['/'])
  readonly #descriptors = new Map<number, MemoryFile>()
  readonly #locks = new Map<MemoryFile, number>()
  #nextDescriptor = 3

  /** Forgets everything that was not synced: open files, their bytes, names in folders. */
  crash(): void {
    this.#descriptors.clear()
    this.#locks.clear()
    this.#files = new Map(this.#durableFiles)
    for (const file of this.#files.values()) {
      file.setLength(0)
      file.setLength(file.durable.length)
      file.durable.copy(file.bytes)
    }
  }

  open(path: string, intent: OpenIntent): number {
    let file = this.#files.get(path)
    if (file === undefined) {
      if (intent !== 'create') throw systemError('ENOENT', 'open', path)
      if (!this.#directories.has(dirname(path))) throw systemError('ENOENT', 'open', path)
      file = new MemoryFile()
      this.#files.set(path, file)
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
    const file = this.#file(fd)
    if (position + lengthBytes > file.lengthBytes) file.setLength(position + lengthBytes)
    return source.copy(file.bytes, position, start, start + lengthBytes)
  }

  allocate(fd: number, start: number, lengthBytes: number, keepSize: boolean): void {
    const file = this.#file(fd)
    if (!keepSize && start + lengthBytes > file.lengthBytes) file.setLength(start + lengthBytes)
  }

  zero(fd: number, start: number, lengthBytes: number): void {
    const file = this.#file(fd)
    file.bytes.fill(0, start, Math.min(start + lengthBytes, file.lengthBytes))
  }

  setLength(fd: number, lengthBytes: number): void {
    this.#file(fd).setLength(lengthBytes)
  }

  sync(fd: number): void {
    const file = this.#file(fd)
    file.durable = Buffer.from(file.bytes.subarray(0, file.lengthBytes))
  }

  syncAll(): void {
    for (const file of this.#files.values()) {
      file.durable = Buffer.from(file.bytes.subarray(0, file.lengthBytes))
    }
    this.#durableFiles = new Map(this.#files)
  }

  rename(from: string, to: string): void {
    const file = this.#files.get(from)
    if (file === undefined) throw systemError('ENOENT', 'rename', from)
    this.#files.delete(from)
    this.#files.set(to, file)
  }

  unlink(path: string): void {
    if (!this.#files.delete(path)) throw systemError('ENOENT', 'unlink', path)
  }

  removeDirectory(path: string): void {
    if (this.list(path).length > 0) throw systemError('ENOTEMPTY', 'rmdir', path)
    this.#directories.delete(path)
  }

  makeDirectory(path: string): void {
    for (let at = path; !this.#directories.has(at); at = dirname(at)) this.#directories.add(at)
  }

  exists(path: string): boolean {
    return this.#files.has(path) || this.#directories.has(path)
  }

  list(path: string): string[] {
    const prefix = path.endsWith('/') ? path : `${path}/`
    const names = new Set<string>()
    for (const known of [...this.#files.keys(), ...this.#directories]) {
      if (known === path || !known.startsWith(prefix)) continue
      names.add(known.slice(prefix.length).split('/')[0] as string)
    }
    return [...names].filter((name) => name !== '').sort()
  }

  /** Makes the names in a folder durable, and with a name the file that it leads to. */
  syncDirectory(path: string): void {
    for (const known of [...this.#durableFiles.keys()]) {
      if (dirname(known) === path) this.#durableFiles.delete(known)
    }
    for (const [known, file] of this.#files) {
      if (dirname(known) === path) this.#durableFiles.set(known, file)
    }
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
    return new MemoryRegion(file.bytes.subarray(0, lengthBytes))
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
