/** What is found in the folder of the log's segments, and what becomes of files that do not fit. */
import { join } from 'node:path'
import { DecisionTable } from '../base/decision-table.ts'
import { StoreError } from '../base/errors.ts'
import type { FileSystem } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { parseSegmentName } from '../format/segment-name.ts'

/** Whether a start is refused for damage of the log, or goes on with what is before it. */
export type CorruptionPolicy = 'refuse' | 'cut'

/** What is found in a folder of segments. */
export interface SegmentListing {
  /** First offsets, ascending, without gaps. */
  readonly startOffsets: readonly number[]
  /** Length of every file. */
  readonly segmentBytes: number
  /** What is to be done to files that do not fit, before the log is written. */
  readonly repairs: readonly SegmentRepair[]
}

export interface SegmentRepair {
  readonly path: string
  readonly action: 'extend' | 'set-aside'
  /** What is wrong with the file, as a sentence. */
  readonly reason: string
}

export type SegmentFileFacts = {
  readonly name: 'segment' | 'foreign'
  readonly length: 'full' | 'short' | 'long'
  /** Whether it starts where the segment before it ends. */
  readonly place: 'in-line' | 'gap'
  readonly policy: CorruptionPolicy
}

/** Java refuses the whole store for each of them (MappedFileQueue.load and checkSelf). */
export const SEGMENT_FILES = new DecisionTable<
  SegmentFileFacts,
  'keep' | 'refuse' | 'extend' | 'set-aside'
>(
  {
    name: ['segment', 'foreign'],
    length: ['full', 'short', 'long'],
    place: ['in-line', 'gap'],
    policy: ['refuse', 'cut'],
  },
  [
    {
      name: 'a segment that follows the one before it is kept',
      when: { name: 'segment', length: 'full', place: 'in-line' },
      decision: 'keep',
    },
    {
      name: 'a foreign file is refused',
      when: { name: 'foreign', policy: 'refuse' },
      decision: 'refuse',
    },
    {
      name: 'a foreign file is set aside when the log may be cut',
      when: { name: 'foreign', policy: 'cut' },
      decision: 'set-aside',
    },
    {
      name: 'a segment of a wrong length is refused',
      when: { name: 'segment', length: ['short', 'long'], policy: 'refuse' },
      decision: 'refuse',
    },
    {
      name: 'a segment behind a gap is refused',
      when: { name: 'segment', length: 'full', place: 'gap', policy: 'refuse' },
      decision: 'refuse',
    },
    {
      name: 'a short segment is filled up when the log may be cut',
      when: { name: 'segment', length: 'short', place: 'in-line', policy: 'cut' },
      decision: 'extend',
    },
    {
      name: 'a long segment ends a log that may be cut',
      when: { name: 'segment', length: 'long', place: 'in-line', policy: 'cut' },
      decision: 'set-aside',
    },
    {
      name: 'a gap ends a log that may be cut',
      when: { name: 'segment', place: 'gap', policy: 'cut' },
      decision: 'set-aside',
    },
  ],
)

export type SurplusFacts = {
  /** Whether it starts right where the segment of the log's end ends. */
  readonly place: 'adjoining' | 'further'
  readonly content: 'empty' | 'bytes'
}

/** What becomes of a segment that lies behind the log's end. */
export const SURPLUS_SEGMENTS = new DecisionTable<SurplusFacts, 'next' | 'set-aside'>(
  { place: ['adjoining', 'further'], content: ['empty', 'bytes'] },
  [
    {
      name: 'an empty segment right behind the end is the next one',
      when: { place: 'adjoining', content: 'empty' },
      decision: 'next',
    },
    {
      name: 'an empty segment further behind is set aside',
      when: { place: 'further', content: 'empty' },
      decision: 'set-aside',
    },
    {
      name: 'a segment behind the end that holds bytes is set aside',
      when: { content: 'bytes' },
      decision: 'set-aside',
    },
  ],
)

export interface SegmentListingOptions {
  /** What the configuration asks for; undefined takes the length that is there. */
  readonly segmentBytes: number | undefined
  /** What the store itself says, in its durable mark. */
  readonly knownBytes: number | undefined
  /** For a store without segments. */
  readonly defaultBytes: number
  readonly policy: CorruptionPolicy
}

/** A file before anything in it was read. */
interface FoundFile {
  readonly path: string
  /** Undefined for a file whose name is no offset. */
  readonly startOffset: number | undefined
  readonly lengthBytes: number
}

/**
 * Reads the names and lengths in a folder of segments. Nothing is changed.
 * @throws {StoreError} `STORE_FILE_INVALID` for a name, length or gap that RocketMQ never makes.
 */
export function listSegments(
  files: FileSystem,
  directory: string,
  options: SegmentListingOptions,
): SegmentListing {
  const found = files.list(directory).map((name) => measureFile(files, directory, name))
  const segmentBytes = lengthOf(found, directory, options)
  const startOffsets: number[] = []
  const repairs: SegmentRepair[] = []
  let expected = found.find(({ startOffset }) => startOffset !== undefined)?.startOffset ?? 0
  // Names of equal length: their order is that of the offsets.
  for (const file of found) {
    const facts = factsOf(file, { expected, segmentBytes, policy: options.policy })
    const { decision } = SEGMENT_FILES.decide(facts)
    const reason = describe(file, facts, { expected, segmentBytes })
    if (decision === 'refuse') throw new StoreError('STORE_FILE_INVALID', reason)
    if (decision !== 'keep') repairs.push({ path: file.path, action: decision, reason })
    if (decision === 'set-aside') continue
    startOffsets.push(expected)
    expected += segmentBytes
  }
  return { startOffsets, segmentBytes, repairs }
}

function measureFile(files: FileSystem, directory: string, name: string): FoundFile {
  const path = join(directory, name)
  const startOffset = parseSegmentName(name)
  if (startOffset === undefined) return { path, startOffset, lengthBytes: 0 }
  const fd = files.open(path, 'read')
  try {
    return { path, startOffset, lengthBytes: files.sizeBytes(fd) }
  } finally {
    files.close(fd)
  }
}

/** Where the store does not say it: the length that most segments have, the longest first. */
function lengthOf(
  found: readonly FoundFile[],
  directory: string,
  { segmentBytes, knownBytes, defaultBytes }: SegmentListingOptions,
): number {
  const lengths = found
    .filter(({ startOffset }) => startOffset !== undefined)
    .map(({ lengthBytes }) => lengthBytes)
    .sort((left, right) => right - left)
  if (lengths.length === 0) return segmentBytes ?? defaultBytes
  const countOf = (length: number) => lengths.filter((one) => one === length).length
  const usual = lengths.reduce((best, length) => (countOf(length) > countOf(best) ? length : best))
  const length = knownBytes ?? usual
  if (segmentBytes !== undefined && segmentBytes !== length) {
    const message = `segments in ${directory} have ${length} bytes, not ${segmentBytes}`
    throw new StoreError('STORE_FILE_INVALID', message)
  }
  return length
}

interface Expectation {
  readonly expected: number
  readonly segmentBytes: number
}

function factsOf(
  { startOffset, lengthBytes }: FoundFile,
  { expected, segmentBytes, policy }: Expectation & { readonly policy: CorruptionPolicy },
): SegmentFileFacts {
  if (startOffset === undefined)
    return { name: 'foreign', length: 'full', place: 'in-line', policy }
  const isInLine = startOffset === expected && startOffset % segmentBytes === 0
  return {
    name: 'segment',
    length: lengthBytes === segmentBytes ? 'full' : lengthBytes < segmentBytes ? 'short' : 'long',
    place: isInLine ? 'in-line' : 'gap',
    policy,
  }
}

function describe(
  { path, lengthBytes }: FoundFile,
  { name, length }: SegmentFileFacts,
  { expected, segmentBytes }: Expectation,
): string {
  if (name === 'foreign') return `${path} is not the name of a segment`
  if (length !== 'full') {
    return `${path} has ${lengthBytes} bytes, but segments of this store have ${segmentBytes}`
  }
  return `${path} does not follow the segment before it, which ends at ${expected}`
}

/** What {@link listSegments} found wanting is done: files are filled up, or moved to `asideIn`. */
export function applySegmentRepairs(
  files: FileSystem,
  { repairs, segmentBytes }: SegmentListing,
  setAside: (path: string) => void,
): void {
  for (const { path, action } of repairs) {
    if (action === 'set-aside') {
      setAside(path)
      continue
    }
    const fd = files.open(path, 'write')
    try {
      files.setLength(fd, segmentBytes)
      files.sync(fd)
    } finally {
      files.close(fd)
    }
  }
}

/** Path of the segment that holds a physical offset, and where in it. */
export function placeOf(
  { directory, segmentBytes }: { readonly directory: string; readonly segmentBytes: number },
  offset: number,
): { readonly path: string; readonly position: number } {
  const position = offset % segmentBytes
  return { path: segmentPath(directory, offset - position), position }
}
