/**
 * What becomes of index files that do not match the log: they are removed and built again from it.
 * Examining changes nothing. (IndexService.load removes those that a kill may have left ahead.)
 */
import { basename, join } from 'node:path'
import { DecisionTable } from '../base/decision-table.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import {
  createIndexHeader,
  FIRST_INDEX_ENTRY,
  INDEX_HEADER_BYTES,
  type IndexHeader,
  indexFileBytes,
  isIndexFileName,
  readIndexHeader,
} from '../format/index-format.ts'
import type { IndexFileSize } from './index-file.ts'
import { type IndexMark, loadIndexMark, saveIndexMark } from './index-mark.ts'
import type { IndexLocation } from './index-store.ts'

export type IndexFileFacts = {
  readonly name: 'file' | 'foreign'
  readonly length: 'full' | 'wrong'
  /** `bad` when the header says what cannot be. */
  readonly header: 'whole' | 'bad'
  /** `behind` one that is built again: the files of a series are in the order of the log. */
  readonly place: 'in-line' | 'behind'
}

/** What becomes of an index file. After `rebuild` the log is read again from the file before it. */
export const INDEX_FILES = new DecisionTable<IndexFileFacts, 'keep' | 'rebuild' | 'set-aside'>(
  {
    name: ['file', 'foreign'],
    length: ['full', 'wrong'],
    header: ['whole', 'bad'],
    place: ['in-line', 'behind'],
  },
  [
    { name: 'a foreign file is set aside', when: { name: 'foreign' }, decision: 'set-aside' },
    {
      name: 'a whole index file is kept',
      when: { name: 'file', length: 'full', header: 'whole', place: 'in-line' },
      decision: 'keep',
    },
    {
      name: 'an index file of a wrong length is built again',
      when: { name: 'file', length: 'wrong', place: 'in-line' },
      decision: 'rebuild',
    },
    {
      name: 'an index file with a bad header is built again',
      when: { name: 'file', length: 'full', header: 'bad', place: 'in-line' },
      decision: 'rebuild',
    },
    {
      name: 'an index file behind one that is built again is, too',
      when: { name: 'file', place: 'behind' },
      decision: 'rebuild',
    },
  ],
)

export type BuiltIndexFacts = {
  readonly files: 'none' | 'some'
  /** Against what was on the disk, by the index mark or, where there is none, the checkpoint. */
  readonly reach: 'behind' | 'level'
}

/** Whether the index lacks what it had. One that is ahead of the log is cut when it is opened. */
export const BUILT_INDEX = new DecisionTable<
  BuiltIndexFacts,
  'keep' | 'build-from-newest' | 'build-all'
>({ files: ['none', 'some'], reach: ['behind', 'level'] }, [
  {
    name: 'an index that is gone is built from the start of the log',
    when: { files: 'none', reach: 'behind' },
    decision: 'build-all',
  },
  {
    name: 'an index that lost its end is built from its newest message on',
    when: { files: 'some', reach: 'behind' },
    decision: 'build-from-newest',
  },
  {
    name: 'an index that has all that was on the disk is kept',
    when: { reach: 'level' },
    decision: 'keep',
  },
])

export interface IndexRepair {
  readonly path: string
  readonly action: 'remove' | 'set-aside'
  readonly rowName: string
}

/** The index of a store, as it was found. */
export interface IndexFindings {
  readonly repairs: readonly IndexRepair[]
  /** The log is needed from this record on at least; infinite when nothing is missing. */
  readonly rebuildFromOffset: number
  /** What is left when the repairs are done; undefined when they take nothing away. */
  readonly markAfter: IndexMark | undefined
}

interface IndexKnowledge {
  readonly wasAborted: boolean
  /** Store time up to which the index was on the disk, in ms; 0 for never. */
  readonly checkpointTimestampMs: number
}

/** The newest file that holds entries and is kept. */
interface NewestFile {
  readonly name: string
  readonly header: IndexHeader
}

export function examineIndex(
  files: FileSystem,
  location: IndexLocation,
  knowledge: IndexKnowledge,
): IndexFindings {
  const repairs: IndexRepair[] = []
  let isRebuilt = false
  let newest: NewestFile | undefined
  for (const name of files.list(location.directory)) {
    const path = join(location.directory, name)
    const { facts, header } = measure(files, path, location)
    const row = INDEX_FILES.decide({ ...facts, place: isRebuilt ? 'behind' : 'in-line' })
    if (row.decision === 'keep') {
      if (header.indexCount > FIRST_INDEX_ENTRY) newest = { name, header }
      continue
    }
    if (row.decision === 'rebuild') isRebuilt = true
    const action = row.decision === 'rebuild' ? 'remove' : row.decision
    repairs.push({ path, action, rowName: row.name })
  }
  const mark = loadIndexMark(files, location.workDirectory)
  const { decision } = BUILT_INDEX.decide({
    files: newest === undefined ? 'none' : 'some',
    reach: isBehind(newest, mark, knowledge) ? 'behind' : 'level',
  })
  const untilOffset = newest?.header.endPhysicalOffset ?? 0
  const isComplete = decision === 'keep' && !isRebuilt
  return {
    repairs,
    rebuildFromOffset: isComplete ? Number.POSITIVE_INFINITY : untilOffset,
    markAfter:
      isComplete || mark === undefined
        ? undefined
        : { name: newest?.name ?? '', entryCount: newest?.header.indexCount ?? 0, untilOffset },
  }
}

/** The mark is exact. Without one the checkpoint says less: a start after a kill cuts the index. */
function isBehind(
  newest: NewestFile | undefined,
  mark: IndexMark | undefined,
  { checkpointTimestampMs, wasAborted }: IndexKnowledge,
): boolean {
  if (mark !== undefined) {
    if (newest === undefined) return mark.name !== ''
    if (newest.name === mark.name) return newest.header.indexCount < mark.entryCount
    return newest.name < mark.name
  }
  if (newest === undefined) return checkpointTimestampMs > 0
  return !wasAborted && newest.header.endTimestampMs < checkpointTimestampMs
}

/** Does what {@link examineIndex} found to be done. */
export function repairIndex(
  files: FileSystem,
  { directory, workDirectory }: IndexLocation,
  { repairs, markAfter }: IndexFindings,
  setAside: (path: string) => void,
): void {
  // First the mark: it must never say that something is there which is about to go.
  if (markAfter !== undefined) saveIndexMark(files, workDirectory, markAfter)
  for (const { path, action } of repairs) {
    if (action === 'set-aside') setAside(path)
    else files.unlink(path)
  }
  if (repairs.length > 0) files.syncDirectory(directory)
}

interface MeasuredFile {
  readonly facts: Omit<IndexFileFacts, 'place'>
  readonly header: IndexHeader
}

function measure(files: FileSystem, path: string, size: IndexFileSize): MeasuredFile {
  const header = createIndexHeader()
  const facts = { name: 'file', length: 'full', header: 'whole' } as const
  if (!isIndexFileName(basename(path))) return { facts: { ...facts, name: 'foreign' }, header }
  const fd = files.open(path, 'read')
  try {
    if (files.sizeBytes(fd) !== indexFileBytes(size.slotCount, size.entryCount)) {
      return { facts: { ...facts, length: 'wrong' }, header }
    }
    const head = Buffer.alloc(INDEX_HEADER_BYTES)
    readFully(files, fd, head, { start: 0, lengthBytes: head.length, position: 0 })
    readIndexHeader(head, header)
    return { facts: { ...facts, header: isPlausible(header, size) ? 'whole' : 'bad' }, header }
  } finally {
    files.close(fd)
  }
}

function isPlausible(header: IndexHeader, { slotCount, entryCount }: IndexFileSize): boolean {
  const { beginTimestampMs, endTimestampMs, beginPhysicalOffset, endPhysicalOffset } = header
  const { indexCount, usedSlotCount } = header
  const isCountWhole = indexCount <= entryCount && usedSlotCount >= 0 && usedSlotCount <= slotCount
  const isEmpty = indexCount === FIRST_INDEX_ENTRY
  const areNumbers = [
    beginTimestampMs,
    endTimestampMs,
    beginPhysicalOffset,
    endPhysicalOffset,
  ].every((value) => Number.isSafeInteger(value) && value >= 0)
  // Clocks go back, offsets do not.
  const isInOrder = isEmpty || beginPhysicalOffset <= endPhysicalOffset
  return isCountWhole && areNumbers && isInOrder
}
