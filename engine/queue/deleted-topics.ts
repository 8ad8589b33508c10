/**
 * Topics that were deleted while the log still holds their messages:
 *
 *   <root>/agena/deleted.json    [["Orders",4096],…]    topic, physical offset
 *
 * What the log holds of a topic before that is in no queue any more: without the file the queues
 * would come back whenever they are built from the log again. It is written when the log is on the
 * disk up to there, so that nothing else can come to stand before it. Java does not know the file:
 * its queues of a deleted topic are back after a kill (CommitLog.recoverAbnormally), to be read by
 * whoever makes a topic of that name.
 */
import { join } from 'node:path'
import { type FileSystem, readWholeFile } from '../file/file-system.ts'
import { replaceSmallFile } from '../file/replace-small-file.ts'

export interface TopicDeletion {
  readonly topic: string
  /** What the log holds up to here is deleted; physical offset. */
  readonly untilOffset: number
}

export class DeletedTopics {
  readonly #files: FileSystem
  readonly #workDirectory: string
  readonly #untilOffsets: Map<string, number>

  /** What the file says; nothing when there is none or it cannot be read. */
  constructor(files: FileSystem, workDirectory: string) {
    this.#files = files
    this.#workDirectory = workDirectory
    const content = readWholeFile(files, pathIn(workDirectory))
    this.#untilOffsets = parse(content?.toString('utf8') ?? '')
  }

  /** No record at or behind this physical offset is deleted. */
  get endOffset(): number {
    return Math.max(0, ...this.#untilOffsets.values())
  }

  /** Topics that were deleted behind a physical offset. */
  behind(offset: number): string[] {
    const deletions = [...this.#untilOffsets]
    return deletions.filter(([, untilOffset]) => untilOffset > offset).map(([topic]) => topic)
  }

  /** Whether a record at a physical offset was deleted with its topic. */
  has(topic: string, physicalOffset: number): boolean {
    return physicalOffset < (this.#untilOffsets.get(topic) ?? 0)
  }

  /** Takes note of deletions, durably. */
  add(deletions: readonly TopicDeletion[]): void {
    for (const { topic, untilOffset } of deletions) this.#untilOffsets.set(topic, untilOffset)
    this.#save()
  }

  /**
   * Fits them to the log, durably: what lies behind its end was cut, and other messages will come
   * there; of what lies before its start nothing is left.
   */
  fit({ startOffset, endOffset }: { startOffset: number; endOffset: number }): void {
    let isChanged = false
    for (const [topic, untilOffset] of [...this.#untilOffsets]) {
      if (untilOffset > startOffset && untilOffset <= endOffset) continue
      isChanged = true
      if (untilOffset <= startOffset) this.#untilOffsets.delete(topic)
      else this.#untilOffsets.set(topic, endOffset)
    }
    if (isChanged) this.#save()
  }

  #save(): void {
    const path = pathIn(this.#workDirectory)
    const content = Buffer.from(`${JSON.stringify([...this.#untilOffsets])}\n`)
    replaceSmallFile(this.#files, { path, workDirectory: this.#workDirectory }, content)
  }
}

function pathIn(workDirectory: string): string {
  return join(workDirectory, 'deleted.json')
}

const ROW = /\[("(?:[^"\\]|\\.)*"),(\d+)\]/g

function parse(text: string): Map<string, number> {
  const rows = [...text.matchAll(ROW)]
  return new Map(rows.map(([, name = '""', offset]) => [String(JSON.parse(name)), Number(offset)]))
}
