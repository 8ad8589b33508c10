/** What can happen to the files of a store while nobody looks. */
import { type FileSystem, readWholeFile } from '../../../engine/file/file-system.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'

const BLOCK_BYTES = 512

/** Every file under a directory, sorted. */
export function filesUnder(files: FileSystem, directory: string): string[] {
  return files.list(directory).flatMap((name) => {
    const path = `${directory}/${name}`
    return isFile(files, path) ? [path] : filesUnder(files, path)
  })
}

function isFile(files: FileSystem, path: string): boolean {
  try {
    const fd = files.open(path, 'read')
    try {
      files.read(fd, Buffer.alloc(1), 0, 1, 0)
    } finally {
      files.close(fd)
    }
    return true
  } catch (error) {
    // EISDIR of the system, ENOENT of the simulator.
    if (error instanceof Error && 'code' in error) return false
    throw error
  }
}

type Damage = (bytes: Buffer, random: SeededRandom, other: () => Buffer) => Buffer

/** Files are mostly zeros: most damage goes to where something is. */
function place(bytes: Buffer, random: SeededRandom): number {
  const used = bytes.findLastIndex((byte) => byte !== 0) + 1
  return random.below(random.below(4) === 0 || used === 0 ? bytes.length : used)
}

function blockAt(bytes: Buffer, random: SeededRandom): Buffer {
  const start = place(bytes, random)
  const blockStart = start - (start % BLOCK_BYTES)
  return bytes.subarray(blockStart, blockStart + BLOCK_BYTES)
}

const damages: Readonly<Record<string, Damage>> = {
  'flipped bits': (bytes, random) => {
    for (let count = random.below(8); count >= 0; count -= 1) {
      const at = place(bytes, random)
      bytes[at] = (bytes[at] ?? 0) ^ (1 << random.below(8))
    }
    return bytes
  },
  'a block of zeros': (bytes, random) => {
    blockAt(bytes, random).fill(0)
    return bytes
  },
  'a block of noise': (bytes, random) => {
    const block = blockAt(bytes, random)
    random.bytes(block.length).copy(block)
    return bytes
  },
  'a block twice': (bytes, random) => {
    const source = Buffer.from(blockAt(bytes, random))
    source.copy(blockAt(bytes, random))
    return bytes
  },
  'two blocks swapped': (bytes, random) => {
    const left = blockAt(bytes, random)
    const right = blockAt(bytes, random)
    const kept = Buffer.from(left)
    right.copy(left)
    kept.copy(right)
    return bytes
  },
  'cut short': (bytes, random) => bytes.subarray(0, random.below(bytes.length + 1)),
  'grown longer': (bytes, random) => Buffer.concat([bytes, random.bytes(random.below(600))]),
  'another file in its place': (_bytes, _random, other) => other(),
  'all zeros': (bytes) => bytes.fill(0),
}

/** Damages one random file; what was done, for the message of a failure. */
export function damageSomething(files: FileSystem, root: string, random: SeededRandom): string {
  const paths = filesUnder(files, root).filter((path) => !path.endsWith('/lock'))
  const path = random.pick(paths)
  const kind = random.pick(Object.keys(damages))
  const content = readWholeFile(files, path) ?? Buffer.alloc(0)
  if (random.below(12) === 0) {
    files.unlink(path)
    return `${path}: gone`
  }
  if (content.length === 0) return `${path}: empty, as before`
  const other = () => readWholeFile(files, random.pick(paths)) ?? Buffer.alloc(0)
  const damaged = damages[kind]?.(Buffer.from(content), random, other) ?? content
  const fd = files.open(path, 'write')
  files.setLength(fd, damaged.length)
  if (damaged.length > 0) files.write(fd, damaged, 0, damaged.length, 0)
  files.close(fd)
  return `${path}: ${kind}`
}
