import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { silentLogger } from '../engine/base/logger.ts'
import { MIB } from '../engine/base/units.ts'
import type { FileSystem } from '../engine/file/file-system.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { prepareFile } from '../engine/file/preallocator.ts'
import { segmentPath } from '../engine/file/store-layout.ts'
import type { RecordSource } from '../engine/format/record-encoder.ts'
import { AppendOutcome } from '../engine/log/append-outcome.ts'
import { MessageStore } from '../engine/store/message-store.ts'
import { parseStoreOptions } from '../engine/store/store-options.ts'

const SEGMENT_BYTES = 256 * MIB
const SEGMENTS_KEPT = 2

/** A store in a temporary folder, without threads: the appender and its files. */
export class ScratchStore {
  readonly directory = mkdtempSync(join(tmpdir(), 'agena-bench-'))
  readonly files: FileSystem = nodeFileSystem()
  readonly store: MessageStore

  constructor() {
    this.store = MessageStore.open({
      files: this.files,
      directory: this.directory,
      config: parseStoreOptions({ segmentBytes: SEGMENT_BYTES }),
      logger: silentLogger,
      reputOffset: () => 0,
      listener: {
        onWritten: () => undefined,
        onTakenBack: (_, error) => {
          throw error
        },
        onSegmentWanted: () => undefined,
        onTurnStarted: () => undefined,
      },
    })
  }

  /** Makes sure that the log does not run out of segments, and deletes what is behind. */
  makeRoom(): void {
    const { log, layout } = this.store
    const last = log.segments.last
    if (log.hasNextSegment || last === undefined) return
    const path = segmentPath(layout.commitLog, last.endOffset)
    prepareFile(this.files, {
      path,
      sizeBytes: SEGMENT_BYTES,
      workDirectory: layout.work,
      preparation: 'allocate',
      durable: false,
    })
    log.offerSegment(this.store.openSegment(last.endOffset))
    while (log.segments.count > SEGMENTS_KEPT) {
      const oldest = log.segments.shift()
      oldest?.close()
      if (oldest !== undefined) this.files.unlink(oldest.path)
    }
  }

  /** Appends `count` copies of a message to its queue in one turn. */
  appendTurn(source: RecordSource, count: number): void {
    const { log, tails } = this.store
    const tail = tails.tail(source.topic.toString('utf8'), source.queueId)
    for (let index = 0; index < count; index++) {
      const outcome = log.append(source, tail)
      if (outcome !== AppendOutcome.APPENDED) throw new Error(`not appended: ${outcome}`)
    }
    if (!log.commitTurn()) throw new Error('the turn was not written')
  }

  close(): void {
    this.store.close({ isClean: false, lastRecordOffset: -1 })
    rmSync(this.directory, { recursive: true })
  }
}
