/**
 * What a clean stop leaves for the next start: where the log ends and which record is its last.
 * Java does not know it, so it says nothing about what Java wrote since; it is checked before use.
 */
import { join } from 'node:path'
import { type FileSystem, readWholeFile } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import type { LogEndMark } from '../log/log-recovery.ts'
import { replaceFile } from './store-checkpoint.ts'

function endMarkPath(layout: StoreLayout): string {
  return join(layout.work, 'end.json')
}

export function saveEndMark(files: FileSystem, layout: StoreLayout, mark: LogEndMark): void {
  const { lastRecordOffset, endOffset, queueCount } = mark
  const text = JSON.stringify({ lastRecordOffset, endOffset, queueCount })
  replaceFile(files, layout, endMarkPath(layout), Buffer.from(`${text}\n`))
}

/** The mark of the last clean stop; undefined when there is none or it cannot be read. */
export function loadEndMark(files: FileSystem, layout: StoreLayout): LogEndMark | undefined {
  const content = readWholeFile(files, endMarkPath(layout))
  if (content === undefined) return undefined
  const text = content.toString('utf8')
  const match = /"lastRecordOffset":(\d+),"endOffset":(\d+)(?:,"queueCount":(\d+))?/.exec(text)
  if (match === null) return undefined
  const [lastRecordOffset = 0, endOffset = 0, queueCount = 0] = match.slice(1).map(numberOf)
  return { lastRecordOffset, endOffset, queueCount }
}

function numberOf(digits: string | undefined): number {
  return Number(digits ?? 0)
}
