/** What is read from the disk before it is touched, by several readers at once. */
import { execFileSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { KIB, MIB } from '../../engine/base/units.ts'
import type { MappedRegion } from '../../engine/file/mapped-region.ts'
import { nodeFileSystem } from '../../engine/file/node-file-system.ts'
import { ColdReader } from '../../workers/cold-reader.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const FILE_BYTES = 8 * MIB

/** A file of which nothing is in memory, where the file system can be told to forget it. */
function makeColdFile(folder: string): string {
  const path = join(folder, 'cold')
  writeFileSync(path, Buffer.alloc(FILE_BYTES, 'c'))
  execFileSync('sync', [path])
  execFileSync('dd', [`if=${path}`, 'iflag=nocache', 'count=0'], { stdio: 'ignore' })
  return path
}

function mapped(path: string): { readonly region: MappedRegion; readonly close: () => void } {
  const files = nodeFileSystem()
  const fd = files.open(path, 'write')
  const region = files.map(fd, FILE_BYTES)
  return {
    region,
    close: () => {
      region.close()
      files.close(fd)
    },
  }
}

describe('a cold reader', () => {
  it('brings what is wanted into memory, wherever it lies', async () => {
    using folder = temporaryFolder('cold-reader')
    const path = makeColdFile(folder.path)
    const { region, close } = mapped(path)
    const ranges = [
      { path, position: 4095, lengthBytes: 2 },
      { path, position: 3 * MIB - 100, lengthBytes: 200 },
      { path, position: 4 * MIB + 1, lengthBytes: 2 * MIB },
      { path, position: FILE_BYTES - 1, lengthBytes: 1 },
    ]
    await new ColdReader().warm(ranges)
    for (const { position, lengthBytes } of ranges) {
      expect(region.isResident(position, lengthBytes)).toBe(true)
    }
    close()
  })

  it('reads what lies between records that are close', async () => {
    using folder = temporaryFolder('cold-reader')
    const path = makeColdFile(folder.path)
    const { region, close } = mapped(path)
    const at = (position: number) => ({ path, position, lengthBytes: 100 })
    await new ColdReader().warm([at(0), at(60 * KIB), at(120 * KIB), at(7 * MIB)])
    expect(region.isResident(0, 120 * KIB)).toBe(true)
    expect(region.isResident(7 * MIB, 100)).toBe(true)
    close()
  })

  it('serves many who want the same, and more than it reads at once', async () => {
    using folder = temporaryFolder('cold-reader')
    const path = makeColdFile(folder.path)
    const reader = new ColdReader()
    const wanted = Array.from({ length: 64 }, (_, index) => {
      return reader.warm([{ path, position: (index % 8) * MIB, lengthBytes: 1000 }])
    })
    await expect(Promise.all(wanted)).resolves.toHaveLength(64)
  })

  it('tells everyone who wants what cannot be read, and goes on with the rest', async () => {
    using folder = temporaryFolder('cold-reader')
    const path = makeColdFile(folder.path)
    const missing = { path: join(folder.path, 'missing'), position: 0, lengthBytes: 4 * MIB }
    const reader = new ColdReader()
    const outcomes = await Promise.allSettled([
      reader.warm([missing]),
      reader.warm([missing, { path, position: 0, lengthBytes: 1 }]),
      reader.warm([{ path, position: MIB, lengthBytes: 1 }]),
    ])
    expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    await expect(reader.warm([missing])).rejects.toMatchObject({ code: 'STORE_IO_FAILED' })
    await reader.warm([{ path, position: 2 * MIB, lengthBytes: 1 }])
  })
})
