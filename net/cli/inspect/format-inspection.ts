import Table from 'cli-table3'
import { GIB, KIB, MIB } from '../../../engine/base/units.ts'
import type { LockHolder } from './lock-holder.ts'
import type { StoreInspection } from './store-inspection.ts'

/** No colours: the output may go to a file or through grep. */
const PLAIN = { head: [], border: [], compact: true }
const NUMERIC = /^[\d.,]+( [KMG]i?B| B)?$/

/** The inspection as tables for a person. */
export function formatInspection(inspection: StoreInspection): string {
  const sections = [
    overview(inspection),
    table(
      'commit log',
      ['segment', 'size', 'on disk', 'first record', 'hashes'],
      segmentRows(inspection),
    ),
    table(
      'topics',
      ['topic', 'queues', 'messages', 'on disk', 'oldest', 'newest'],
      topicRows(inspection),
    ),
    table(
      'consume queues',
      ['topic', 'queue', 'min', 'max', 'messages', 'files', 'on disk', 'oldest', 'newest'],
      queueRows(inspection),
    ),
    table(
      'index',
      ['file', 'keys', 'on disk', 'from', 'until', 'end offset'],
      indexRows(inspection),
    ),
    ...inspection.problems.map((problem) => `PROBLEM: ${problem}\n`),
  ]
  return sections.join('\n')
}

function overview({ directory, state, log, checkpoint }: StoreInspection): string {
  const { configFiles, isCleanlyStopped, lock } = state
  const rows: [string, string][] = [
    ['store', directory],
    ['in use', formatLock(lock)],
    ['last stop', isCleanlyStopped ? 'clean' : 'none yet, or not clean (the abort file is there)'],
    [
      'log',
      `${formatBytes(log.endOffset - log.startOffset)}, ${log.startOffset} to ${log.endOffset}`,
    ],
    ['config', configFiles.filter((name) => !name.endsWith('.bak')).join(', ') || 'none'],
  ]
  if (checkpoint !== undefined) {
    rows.push(
      ['log flushed', formatTime(checkpoint.commitLogTimestampMs)],
      ['queues flushed', formatTime(checkpoint.consumeQueueTimestampMs)],
      ['index flushed', formatTime(checkpoint.indexTimestampMs)],
    )
  }
  const width = Math.max(...rows.map(([label]) => label.length))
  return rows.map(([label, value]) => `${label.padEnd(width)}  ${value}\n`).join('')
}

function segmentRows({ log }: StoreInspection): string[][] {
  return log.segments.map(({ name, sizeBytes, diskBytes, firstTimestampMs, hashes }) => [
    name,
    formatBytes(sizeBytes),
    formatBytes(diskBytes),
    formatTime(firstTimestampMs),
    hashes,
  ])
}

function topicRows({ topics }: StoreInspection): string[][] {
  return topics.map((topic) => [
    topic.topic,
    String(topic.queueCount),
    String(topic.messageCount),
    formatBytes(topic.diskBytes),
    formatTime(topic.firstTimestampMs),
    formatTime(topic.lastTimestampMs),
  ])
}

function queueRows({ queues }: StoreInspection): string[][] {
  return queues.map((queue) => [
    queue.topic,
    String(queue.queueId),
    String(queue.minOffset),
    String(queue.maxOffset),
    String(queue.maxOffset - queue.minOffset),
    String(queue.fileCount),
    formatBytes(queue.diskBytes),
    formatTime(queue.firstTimestampMs),
    formatTime(queue.lastTimestampMs),
  ])
}

function indexRows({ indexFiles }: StoreInspection): string[][] {
  return indexFiles.map((file) => [
    file.name,
    String(file.keyCount),
    formatBytes(file.diskBytes),
    formatTime(file.beginTimestampMs),
    formatTime(file.endTimestampMs),
    String(file.endPhysicalOffset),
  ])
}

function table(title: string, head: string[], rows: string[][]): string {
  if (rows.length === 0) return `${title}: none\n`
  const colAligns = head.map((_, column) =>
    NUMERIC.test(rows[0]?.[column] ?? '') ? 'right' : 'left',
  )
  const drawn = new Table({ head, colAligns, style: PLAIN })
  drawn.push(...rows)
  return `${title}\n${drawn.toString()}\n`
}

function formatLock(lock: LockHolder): string {
  if (lock.state !== 'held') return lock.state === 'free' ? 'no' : 'unknown'
  return lock.pid === undefined ? 'yes' : `yes, by process ${lock.pid}`
}

function formatTime(timestampMs: number): string {
  return timestampMs === 0 ? '-' : new Date(timestampMs).toISOString()
}

function formatBytes(bytes: number): string {
  if (bytes >= GIB) return `${(bytes / GIB).toFixed(2)} GiB`
  if (bytes >= MIB) return `${(bytes / MIB).toFixed(2)} MiB`
  return bytes >= KIB ? `${(bytes / KIB).toFixed(1)} KiB` : `${bytes} B`
}
