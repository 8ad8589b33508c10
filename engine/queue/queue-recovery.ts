/**
 * What becomes of consume queues that do not match the log, which is the truth: nothing in them is
 * a reason to refuse a store. Files that do not fit are mended or removed, and the log is scanned
 * from far enough back to fill in what they lack. Examining changes nothing.
 */
import { dirname, join } from 'node:path'
import { DecisionTable } from '../base/decision-table.ts'
import { KIB } from '../base/units.ts'
import { type FileSystem, readFully } from '../file/file-system.ts'
import { segmentPath } from '../file/store-layout.ts'
import { createUnsyncedFiles, syncFiles } from '../file/sync-files.ts'
import {
  CONSUME_QUEUE_UNIT_BYTES,
  createConsumeQueueUnit,
  isPreBlankUnit,
  readConsumeQueueUnit,
  unitPhysicalOffset,
  unitRecordBytes,
} from '../format/consume-queue-format.ts'
import { parseSegmentName } from '../format/segment-name.ts'
import type { LogScanner } from '../log/log-scanner.ts'
import {
  type ConsumeQueueLocation,
  consumeQueueDirectory,
  readUnit,
  searchUnits,
} from './consume-queue-files.ts'
import { listConsumeQueues } from './consume-queue-store.ts'

export type QueueFileFacts = {
  readonly name: 'file' | 'foreign'
  readonly length: 'full' | 'short' | 'long'
  /** Whether it follows the file before it, and that one needs nothing. */
  readonly place: 'in-line' | 'gap'
  /** Its first unit: `hole` where none is written although later ones are. */
  readonly head: 'written' | 'empty' | 'hole'
  readonly position: 'last' | 'earlier'
}

/** What becomes of a queue file. After `resize` and `rebuild` the log fills in what is missing. */
export const QUEUE_FILES = new DecisionTable<
  QueueFileFacts,
  'keep' | 'resize' | 'rebuild' | 'set-aside'
>(
  {
    name: ['file', 'foreign'],
    length: ['full', 'short', 'long'],
    place: ['in-line', 'gap'],
    head: ['written', 'empty', 'hole'],
    position: ['last', 'earlier'],
  },
  [
    { name: 'a foreign file is set aside', when: { name: 'foreign' }, decision: 'set-aside' },
    {
      name: 'a file that begins with a unit is kept',
      when: { name: 'file', length: 'full', place: 'in-line', head: 'written' },
      decision: 'keep',
    },
    {
      name: 'an empty file at the end is kept',
      when: { name: 'file', length: 'full', place: 'in-line', head: 'empty', position: 'last' },
      decision: 'keep',
    },
    {
      name: 'an empty file before others is built again',
      when: { name: 'file', length: 'full', place: 'in-line', head: 'empty', position: 'earlier' },
      decision: 'rebuild',
    },
    {
      name: 'a queue that does not start where its file does is built again',
      when: { name: 'file', length: 'full', place: 'in-line', head: 'hole' },
      decision: 'rebuild',
    },
    {
      name: 'a short file is filled up, and what it lost is built again',
      when: { name: 'file', length: 'short', place: 'in-line' },
      decision: 'resize',
    },
    {
      name: 'a long file is cut to its length',
      when: { name: 'file', length: 'long', place: 'in-line' },
      decision: 'resize',
    },
    {
      name: 'a file behind a gap is built again',
      when: { name: 'file', place: 'gap' },
      decision: 'rebuild',
    },
  ],
)

export type BuiltFacts = {
  readonly stop: 'clean' | 'aborted'
  /** The record of the newest unit: `ahead` of the log's end, `behind` where the scan starts. */
  readonly newest: 'ahead' | 'within' | 'behind'
}

/** What becomes of units that are whole, once the log's end is known. */
export const BUILT_UNITS = new DecisionTable<
  BuiltFacts,
  'keep' | 'cut-at-end' | 'cut-at-redo' | 'build-all'
>({ stop: ['clean', 'aborted'], newest: ['ahead', 'within', 'behind'] }, [
  {
    name: 'after a kill queues are cut where the scan starts, and built again',
    when: { stop: 'aborted' },
    decision: 'cut-at-redo',
  },
  {
    name: 'queues ahead of the log are cut to it',
    when: { stop: 'clean', newest: 'ahead' },
    decision: 'cut-at-end',
  },
  {
    name: 'queues that reach into the scan are kept',
    when: { stop: 'clean', newest: 'within' },
    decision: 'keep',
  },
  {
    // How far behind each of them is, only the log knows.
    name: 'queues behind the log are built again from its start',
    when: { stop: 'clean', newest: 'behind' },
    decision: 'build-all',
  },
])

export interface QueueRepair {
  readonly path: string
  readonly action: 'resize' | 'remove' | 'set-aside'
  readonly rowName: string
}

/** All queues of a store, as they were found. */
export interface QueueFindings {
  /** Queues that have files. */
  readonly queueCount: number
  readonly repairs: readonly QueueRepair[]
  /** The log is needed from this record on at least; infinite when nothing is missing. */
  readonly rebuildFromOffset: number
}

interface QueuesLocation {
  /** Folder of all consume queues. */
  readonly root: string
  readonly fileBytes: number
}

const NOTHING_MISSING = Number.POSITIVE_INFINITY
const LOG_START = 0
const NO_RECORD = -1

export function examineQueues(files: FileSystem, location: QueuesLocation): QueueFindings {
  const repairs: QueueRepair[] = []
  let queueCount = 0
  let rebuildFromOffset = NOTHING_MISSING
  for (const queue of listConsumeQueues(files, location)) {
    const found = files.list(queue.location.directory)
    if (found.length > 0) queueCount += 1
    const from = examineQueue(files, queue.location, found, repairs)
    rebuildFromOffset = Math.min(rebuildFromOffset, from)
  }
  return { queueCount, repairs, rebuildFromOffset }
}

/** Queues that have files. */
export function countQueues(files: FileSystem, root: string): number {
  let count = 0
  for (const queue of listConsumeQueues(files, { root, fileBytes: CONSUME_QUEUE_UNIT_BYTES })) {
    if (files.list(queue.location.directory).length > 0) count += 1
  }
  return count
}

/** Does what {@link examineQueues} found to be done, durably. */
export function repairQueues(
  files: FileSystem,
  { root, fileBytes }: QueuesLocation,
  { repairs }: QueueFindings,
  setAside: (path: string) => void,
): void {
  const changed = createUnsyncedFiles()
  for (const { path, action } of repairs) {
    if (action === 'set-aside') setAside(path)
    else if (action === 'remove') files.unlink(path)
    else resize(files, path, fileBytes)
    if (action === 'resize') changed.paths.push(path)
    else changed.folders.add(dirname(path))
  }
  syncFiles(files, changed, root)
}

/** A unit that the old end cut in two must not look like one. */
function resize(files: FileSystem, path: string, fileBytes: number): void {
  const fd = files.open(path, 'write')
  try {
    const lengthBytes = Math.min(files.sizeBytes(fd), fileBytes)
    files.setLength(fd, lengthBytes - (lengthBytes % CONSUME_QUEUE_UNIT_BYTES))
    files.setLength(fd, fileBytes)
  } finally {
    files.close(fd)
  }
}

/** @returns the record from which the queue must be built again; infinite when it is whole. */
function examineQueue(
  files: FileSystem,
  location: ConsumeQueueLocation,
  names: readonly string[],
  repairs: QueueRepair[],
): number {
  const { directory, fileBytes } = location
  const lastName = names.findLast((name) => parseSegmentName(name) !== undefined)
  let expected: number | undefined
  let rebuildFromOffset = NOTHING_MISSING
  const kept: number[] = []
  for (const name of names) {
    const start = parseSegmentName(name)
    const isInLine = start === (expected ?? start) && rebuildFromOffset === NOTHING_MISSING
    const facts: QueueFileFacts = {
      ...measure(files, location, { name, isLast: name === lastName }),
      place: isInLine && (start ?? 0) % fileBytes === 0 ? 'in-line' : 'gap',
    }
    const { decision, name: rowName } = QUEUE_FILES.decide(facts)
    if (decision !== 'keep') {
      const action = decision === 'rebuild' ? 'remove' : decision
      repairs.push({ path: join(directory, name), action, rowName })
    }
    if (start === undefined) continue
    if (decision !== 'rebuild') kept.push(start)
    if (decision !== 'keep' && rebuildFromOffset === NOTHING_MISSING) {
      rebuildFromOffset = newestRecord(files, location, kept)
    }
    expected = start + fileBytes
  }
  return rebuildFromOffset
}

function measure(
  files: FileSystem,
  { directory, fileBytes }: ConsumeQueueLocation,
  { name, isLast }: { readonly name: string; readonly isLast: boolean },
): Omit<QueueFileFacts, 'place'> {
  const position = isLast ? 'last' : 'earlier'
  const facts = { name: 'file', length: 'full', head: 'written', position } as const
  if (parseSegmentName(name) === undefined) return { ...facts, name: 'foreign' }
  const fd = files.open(join(directory, name), 'read')
  try {
    const lengthBytes = files.sizeBytes(fd)
    if (lengthBytes !== fileBytes) {
      return { ...facts, length: lengthBytes < fileBytes ? 'short' : 'long' }
    }
    if (unitRecordBytes(readUnit(files, fd, 0), 0) > 0) return facts
    return { ...facts, head: isLast && holdsBytes(files, fd) ? 'hole' : 'empty' }
  } finally {
    files.close(fd)
  }
}

function holdsBytes(files: FileSystem, fd: number): boolean {
  const chunk = Buffer.alloc(512 * KIB)
  const zeros = Buffer.alloc(chunk.length)
  for (let position = 0; ; position += chunk.length) {
    const count = readFully(files, fd, chunk, { start: 0, lengthBytes: chunk.length, position })
    if (count === 0) return false
    if (chunk.compare(zeros, 0, count, 0, count) !== 0) return true
  }
}

/** Physical offset of the newest record with a unit in these files; before the log for none. */
function newestRecord(
  files: FileSystem,
  location: ConsumeQueueLocation,
  starts: readonly number[],
): number {
  const unit = createConsumeQueueUnit()
  for (const start of [...starts].reverse()) {
    const fd = files.open(segmentPath(location.directory, start), 'read')
    try {
      const isWritten = (bytes: Buffer) => unitRecordBytes(bytes, 0) > 0
      const count = searchUnits(files, fd, location.fileBytes, isWritten)
      if (count === 0) continue
      readConsumeQueueUnit(readUnit(files, fd, count - 1), 0, unit)
      return isPreBlankUnit(unit) ? LOG_START : unit.physicalOffset
    } finally {
      files.close(fd)
    }
  }
  return NO_RECORD
}

/** Physical offset of the newest record that any queue holds; before the log for none. */
export function newestUnitOffset(files: FileSystem, location: QueuesLocation): number {
  let newest = NO_RECORD
  for (const queue of listConsumeQueues(files, location)) {
    const starts = files
      .list(queue.location.directory)
      .map(parseSegmentName)
      .filter((start) => start !== undefined)
    newest = Math.max(newest, newestRecord(files, queue.location, starts))
  }
  return newest
}

/**
 * Whether the record that the scanner stands on has its unit in its queue. A topic that has no
 * folder was deleted, and needs none.
 */
export function holdsUnitOf(
  files: FileSystem,
  { root, fileBytes }: QueuesLocation,
  { view, buffer }: LogScanner,
): boolean {
  const topic = buffer.toString('utf8', view.topicStart, view.topicEnd)
  if (!files.exists(join(root, topic))) return true
  const directory = consumeQueueDirectory(root, topic, view.queueId)
  const at = view.queueOffset * CONSUME_QUEUE_UNIT_BYTES
  const position = at % fileBytes
  const path = segmentPath(directory, at - position)
  if (!files.exists(path)) return false
  const fd = files.open(path, 'read')
  try {
    const unit = readUnit(files, fd, position / CONSUME_QUEUE_UNIT_BYTES)
    const isThere = unitPhysicalOffset(unit, 0) === view.physicalOffset
    return isThere && unitRecordBytes(unit, 0) === view.totalBytes
  } finally {
    files.close(fd)
  }
}
