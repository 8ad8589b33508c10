/**
 * How much of the index was on the disk when the checkpoint moved last: `<root>/agena/index.json`.
 * Index files are written through mappings, in any order: what a loss of power leaves of entries
 * that were put later cannot be told from whole ones. Java does not know the mark; one that is
 * older than what Java's checkpoint says is of no use.
 */
import { join } from 'node:path'
import { type FileSystem, readWholeFile } from '../file/file-system.ts'
import { replaceSmallFile } from '../file/replace-small-file.ts'

export interface IndexMark {
  /** Name of the newest index file; empty while there is none. Those before it are complete. */
  readonly name: string
  /** How many of its entries are on the disk, the unused first one included. */
  readonly entryCount: number
  /** Every message before this physical offset is in the index. */
  readonly untilOffset: number
}

export function saveIndexMark(files: FileSystem, workDirectory: string, mark: IndexMark): void {
  const content = Buffer.from(`${JSON.stringify(mark)}\n`)
  replaceSmallFile(files, { path: markPath(workDirectory), workDirectory }, content)
}

/** The mark; undefined when there is none or it cannot be read. */
export function loadIndexMark(files: FileSystem, workDirectory: string): IndexMark | undefined {
  const text = readWholeFile(files, markPath(workDirectory))?.toString('utf8') ?? ''
  const match = /"name":"(\d*)","entryCount":(\d+),"untilOffset":(\d+)/.exec(text)
  if (match === null) return undefined
  const [, name = '', entryCount, untilOffset] = match
  return { name, entryCount: Number(entryCount), untilOffset: Number(untilOffset) }
}

function markPath(workDirectory: string): string {
  return join(workDirectory, 'index.json')
}
