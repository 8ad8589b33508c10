/** Files are made so that a kill at any step leaves only finished ones where Java looks. */
import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openFilesMax } from '../../../engine/base/open-files-limit.ts'
import { DescriptorCache } from '../../../engine/file/descriptor-cache.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { nodeFileSystem } from '../../../engine/file/node-file-system.ts'
import { prepareFile, removeUnfinishedFiles } from '../../../engine/file/preallocator.ts'
import { takeStoreLock } from '../../../engine/file/store-lock.ts'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const SIZE = 10_000
const FINAL = '/root/commitlog/00000000000000000000'

const STEPS = [
  'makeDirectory',
  'open',
  'setLength',
  'allocate',
  'write',
  'sync',
  'close',
  'rename',
  'syncDirectory',
] as const

/** A disk on which the process dies at a certain call, until `revive`. */
function diskThatDies(atCall: number): { disk: MemoryDisk; revive: () => void } {
  const disk = new MemoryDisk()
  let calls = 0
  let isMortal = true
  const watched = disk as unknown as Record<string, (...args: unknown[]) => unknown>
  for (const name of STEPS) {
    const original = watched[name]?.bind(disk)
    watched[name] = (...args) => {
      if (isMortal && calls === atCall) throw new Error('killed')
      calls += 1
      return original?.(...args)
    }
  }
  return {
    disk,
    revive: () => {
      isMortal = false
    },
  }
}

describe.each(['sparse', 'allocate', 'write'] as const)('a file prepared by %s', (preparation) => {
  const file = { path: FINAL, sizeBytes: SIZE, workDirectory: '/root/agena', preparation }

  it('has its length and holds zeros', () => {
    const disk = new MemoryDisk()
    prepareFile(disk, { ...file, durable: true })
    disk.crash()
    const fd = disk.open(FINAL, 'read')
    expect(disk.sizeBytes(fd)).toBe(SIZE)
    const content = Buffer.alloc(SIZE, 1)
    disk.read(fd, content, 0, SIZE, 0)
    expect(content.every((byte) => byte === 0)).toBe(true)
    expect(disk.list('/root/agena')).toEqual([])
  })

  it('is not there, or finished, whenever the process is killed or the power goes', () => {
    let step = 0
    for (let isDone = false; !isDone; step += 1) {
      for (const isPowerLost of [false, true]) {
        const { disk, revive } = diskThatDies(step)
        isDone = true
        try {
          prepareFile(disk, { ...file, durable: true })
        } catch (error) {
          expect(String(error)).toContain('killed')
          isDone = false
        }
        revive()
        if (isPowerLost) disk.crash()
        const names = disk.list('/root/commitlog')
        expect(names.length, `step ${step}`).toBeLessThan(2)
        if (names.length === 0) continue
        const fd = disk.open(FINAL, 'read')
        expect(disk.sizeBytes(fd), `step ${step}`).toBe(SIZE)
      }
    }
    expect(step).toBeGreaterThan(5)
  })
})

describe('what was left unfinished', () => {
  it('is removed at the next start, and nothing else', () => {
    const disk = new MemoryDisk()
    disk.makeDirectory('/root/agena')
    for (const name of ['making-commitlog-00000000000000000000', 'end.json']) {
      disk.close(disk.open(join('/root/agena', name), 'create'))
    }
    removeUnfinishedFiles(disk, '/root/agena')
    expect(disk.list('/root/agena')).toEqual(['end.json'])
  })
})

describe('the cache of open files', () => {
  it('keeps the most recently used open, and opens no file that is gone', () => {
    const disk = new MemoryDisk()
    disk.makeDirectory('/d')
    for (const name of ['a', 'b', 'c']) disk.close(disk.open(`/d/${name}`, 'create'))
    const released: number[] = []
    const files = new Proxy(disk, {
      get: (_, name: keyof MemoryDisk) =>
        name === 'close' ? (fd: number) => released.push(fd) : disk[name].bind(disk),
    })
    const cache = new DescriptorCache(files, { intent: 'read', countMax: 2 })
    const a = cache.get('/d/a')
    const b = cache.get('/d/b')
    expect(cache.get('/d/a')).toBe(a)
    cache.get('/d/c')
    expect(released).toEqual([b])
    expect(cache.get('/d/missing')).toBeUndefined()
    cache.closeWhere((path) => path === '/d/a')
    expect(released).toEqual([b, a])
    disk.unlink('/d/a')
    expect(cache.get('/d/a')).toBeUndefined()
    cache.close()
    expect(released).toHaveLength(3)
  })

  it('may hold a share of what the process may open', () => {
    const limit = Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }))
    const expected = Number.isNaN(limit) ? 65_536 : Math.min(65_536, Math.floor(limit * 0.4))
    expect(openFilesMax('queue-writers')).toBe(expected)
    expect(openFilesMax('queue-readers')).toBeLessThanOrEqual(expected)
  })
})

describe('the lock file', () => {
  it('excludes a second descriptor and another process, until it is released', () => {
    using folder = temporaryFolder('lock')
    const path = join(folder.path, 'lock')
    const files = nodeFileSystem()
    const lock = takeStoreLock(files, path)
    expect(() => takeStoreLock(files, path)).toThrow(
      expect.objectContaining({ code: 'STORE_LOCKED' }),
    )
    const compiled = (name: string) => JSON.stringify(join(packageRoot, 'dist/engine/file', name))
    const script = `
      import { nodeFileSystem } from ${compiled('node-file-system.js')}
      import { takeStoreLock } from ${compiled('store-lock.js')}
      try {
        takeStoreLock(nodeFileSystem(), ${JSON.stringify(path)}).release()
        console.log('taken')
      } catch (error) {
        console.log(error.code)
      }`
    const other = () =>
      spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
    expect(other().stdout.trim()).toBe('STORE_LOCKED')
    lock.release()
    expect(other().stdout.trim()).toBe('taken')
    takeStoreLock(files, path).release()
  })
})

describe('reading only what is in memory', () => {
  it('gives the bytes, and nothing behind the end of the file', () => {
    using folder = temporaryFolder('cached')
    const files = nodeFileSystem()
    const fd = files.open(join(folder.path, 'a'), 'create')
    files.write(fd, Buffer.from('0123456789'), 0, 10, 0)
    const target = Buffer.alloc(16, '.')
    expect(files.readCached(fd, target, 2, 4, 3)).toBe(4)
    expect(target.toString()).toBe('..3456..........')
    expect(files.readCached(fd, target, 0, 8, 6)).toBe(4)
    expect(files.readCached(fd, target, 0, 8, 10)).toBe(0)
    expect(() => files.readCached(fd, target, 10, 8, 0)).toThrow('range')
    files.close(fd)
  })
})
