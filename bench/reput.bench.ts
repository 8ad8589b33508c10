/** What a message costs the reput thread: found in the log, put into its queue and the index. */
import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { KIB } from '../engine/base/units.ts'
import { recordBytes } from '../engine/format/record-encoder.ts'
import { ConsumeQueueStore } from '../engine/queue/consume-queue-store.ts'
import { DelayLevels } from '../engine/queue/delay-levels.ts'
import { IndexStore } from '../engine/queue/index-store.ts'
import { Reputter } from '../engine/queue/reput-step.ts'
import { sampleSource } from './sample-frames.ts'
import { ScratchStore } from './scratch-store.ts'
import type { BenchSuite, BenchTask } from './suite.ts'

const MESSAGE_COUNT = 2048
const OPEN_FILES_MAX = 1000
const QUEUE_FILE_BYTES = 6_000_000
/** Large enough for the keys of one call: a unique key and a tag for each message. */
const INDEX_SIZE = { slotCount: 100_000, entryCount: 400_000 } as const

export const reputs: BenchSuite = {
  name: 'reput',
  open: () => {
    const scratches = [128, KIB].map((bodyBytes) => new BuiltFromLog(bodyBytes))
    return {
      tasks: scratches.flatMap((scratch) => [
        scratch.task('queues and index', true),
        scratch.task('queues', false),
      ]),
      close: () => {
        for (const scratch of scratches) scratch.close()
      },
    }
  },
}

/** A log, and queues and an index that are built from it again and again. */
class BuiltFromLog {
  readonly #scratch = new ScratchStore()
  readonly #bodyBytes: number
  readonly #bytes: number
  #built: { readonly reputter: Reputter; readonly close: () => void } | undefined

  constructor(bodyBytes: number) {
    const source = sampleSource(bodyBytes)
    this.#bodyBytes = bodyBytes
    this.#bytes = MESSAGE_COUNT * recordBytes(source)
    this.#scratch.appendTurn(source, MESSAGE_COUNT)
  }

  task(name: string, isIndexed: boolean): BenchTask {
    return {
      name: `${name}, ${this.#bodyBytes} B body`,
      unitCount: MESSAGE_COUNT,
      bytes: this.#bytes,
      prepare: () => this.#prepare(isIndexed),
      run: () => this.#reput(),
    }
  }

  close(): void {
    this.#built?.close()
    this.#scratch.close()
  }

  #reput(): void {
    const end = this.#scratch.store.log.writtenOffset
    const reputter = this.#built?.reputter
    if (reputter === undefined) throw new Error('nothing was prepared')
    for (let offset = 0; offset < end; ) offset = reputter.reputStep(end)
  }

  /** Begins with empty folders. */
  #prepare(isIndexed: boolean): void {
    this.#built?.close()
    const { files, store } = this.#scratch
    const { layout, log } = store
    const root = join(layout.root, 'built')
    rmSync(root, { recursive: true, force: true })
    const workDirectory = layout.work
    const queueLocation = { root, workDirectory, fileBytes: QUEUE_FILE_BYTES }
    const queues = new ConsumeQueueStore(files, queueLocation, OPEN_FILES_MAX)
    const location = { directory: join(root, 'index'), workDirectory, ...INDEX_SIZE }
    const index = isIndexed ? new IndexStore(files, location) : undefined
    const tools = { queues, index, delayLevels: new DelayLevels() }
    const { segmentBytes } = log.segments
    const from = { directory: layout.commitLog, segmentBytes, reputOffset: 0 }
    const reputter = new Reputter(files, from, tools)
    this.#built = {
      reputter,
      close: () => {
        reputter.close()
        queues.close()
        index?.close()
      },
    }
  }
}
