/**
 * Every provider of mappings keeps the same promises: writes are seen through a mapping, a view
 * lives as long as it is retained, and what is released never shows another file's bytes.
 * mmap-io takes part where it is installed (`npm run test:mmap-io`).
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { writeFully } from '../../../engine/file/file-system.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { loadMmapIoRegions } from '../../../engine/file/mmap-io-region.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const FILE_BYTES = 64 * 1024
const isMmapIoWanted = process.env['NODE_PATH']?.includes('agena-mmap-io') === true

const PROVIDERS: readonly (readonly [string, () => FileSystem])[] = [
  ['shared', () => nodeFileSystem()],
  ['memory', () => new MemoryDisk()],
  ...(isMmapIoWanted ? [['mmap-io', () => nodeFileSystem(loadMmapIoRegions())] as const] : []),
]

function makeFile(files: FileSystem, path: string, content: string): number {
  const fd = files.open(path, 'create')
  files.setLength(fd, FILE_BYTES)
  const source = Buffer.from(content)
  writeFully(files, fd, source, { start: 0, lengthBytes: source.length, position: 0 })
  return fd
}

function textOf(bytes: Buffer, length: number): string {
  return bytes.toString('latin1', 0, length)
}

describe.each(PROVIDERS)('mappings by %s', (_name, makeFiles) => {
  it('show what is written to the file, before and after the mapping was made', () => {
    using folder = temporaryFolder('regions')
    const files = makeFiles()
    files.makeDirectory(folder.path)
    const fd = makeFile(files, join(folder.path, 'a'), 'before')
    const region = files.map(fd, FILE_BYTES)
    expect(textOf(region.bytes, 6)).toBe('before')
    const source = Buffer.from('after!')
    writeFully(files, fd, source, { start: 0, lengthBytes: 6, position: FILE_BYTES - 6 })
    expect(region.bytes.toString('latin1', FILE_BYTES - 6)).toBe('after!')
    expect(region.isResident(FILE_BYTES - 6, 6)).toBe(true)
    region.close()
    files.close(fd)
  })

  it('carry stores to the file', () => {
    using folder = temporaryFolder('regions')
    const files = makeFiles()
    files.makeDirectory(folder.path)
    const fd = makeFile(files, join(folder.path, 'a'), '')
    const region = files.map(fd, FILE_BYTES)
    region.bytes.write('stored', 4096, 'latin1')
    const back = Buffer.alloc(6)
    files.read(fd, back, 0, 6, 4096)
    expect(back.toString()).toBe('stored')
    region.close()
    files.close(fd)
  })

  it('stay while a view is retained, although their owner closed them', () => {
    using folder = temporaryFolder('regions')
    const files = makeFiles()
    files.makeDirectory(folder.path)
    const fd = makeFile(files, join(folder.path, 'a'), 'in flight')
    const region = files.map(fd, FILE_BYTES)
    const view = region.bytes.subarray(0, 9)
    region.retain()
    region.close()
    expect(view.toString()).toBe('in flight')
    expect(region.references).toBe(1)
    region.release()
    expect(region.references).toBe(0)
    expect(() => region.release()).toThrow('nobody retains')
    files.close(fd)
  })

  it('never show another file through a view of one that was released', () => {
    using folder = temporaryFolder('regions')
    const files = makeFiles()
    files.makeDirectory(folder.path)
    const views: Buffer[] = []
    for (let round = 0; round < 50; round += 1) {
      const fd = makeFile(files, join(folder.path, `f${round}`), `secret ${round}`)
      const region = files.map(fd, FILE_BYTES)
      expect(textOf(region.bytes, 7 + String(round).length)).toBe(`secret ${round}`)
      views.push(region.bytes)
      region.close()
      files.close(fd)
      for (const view of views) {
        const text = textOf(view, 6)
        expect(['secret', '\0\0\0\0\0\0']).toContain(text)
      }
    }
  })
})

describe.each(PROVIDERS.filter(([name]) => name !== 'memory'))(
  'mappings by %s',
  (_name, makeFiles) => {
    it('have the kernel read nothing ahead at a fault', () => {
      using folder = temporaryFolder('regions')
      const files = makeFiles()
      files.makeDirectory(folder.path)
      const path = join(folder.path, 'a')
      const fd = makeFile(files, path, '')
      const region = files.map(fd, FILE_BYTES)
      const areas = readFileSync('/proc/self/smaps', 'latin1')
      const flags = /^VmFlags:(.*)$/m.exec(areas.slice(areas.indexOf(path)))?.[1]
      expect(flags?.split(' ')).toContain('rr')
      region.close()
      files.close(fd)
    })
  },
)

describe('mappings by shared', () => {
  it('read as zeros once they are released', () => {
    using folder = temporaryFolder('regions')
    const files = nodeFileSystem()
    const fd = makeFile(files, join(folder.path, 'a'), 'gone soon')
    const region = files.map(fd, FILE_BYTES)
    const view = region.bytes.subarray(0, 9)
    region.close()
    expect(view.every((byte) => byte === 0)).toBe(true)
    files.close(fd)
  })

  it('outlive forced garbage collections without touching other files', () => {
    using folder = temporaryFolder('regions')
    const files = nodeFileSystem()
    const fd = makeFile(files, join(folder.path, 'a'), 'kept')
    const region = files.map(fd, FILE_BYTES)
    for (let round = 0; round < 200; round += 1) Buffer.alloc(1024 * 1024).fill(0xff)
    expect(textOf(region.bytes, 4)).toBe('kept')
    const back = Buffer.alloc(FILE_BYTES)
    files.read(fd, back, 0, FILE_BYTES, 0)
    expect(back.subarray(4).every((byte) => byte === 0)).toBe(true)
    region.close()
    files.close(fd)
  })
})
