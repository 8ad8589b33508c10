/**
 * Entry of the reput thread: builds queues and index behind the appender, publishes how far it is,
 * and hands what it wrote to the housekeeping thread to be synced.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { unreachable } from '../engine/base/assert.ts'
import { describeError } from '../engine/base/errors.ts'
import { openFilesMax } from '../engine/base/open-files-limit.ts'
import { MIB, PAGE_BYTES } from '../engine/base/units.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { handArenasTo } from '../engine/file/shared-region.ts'
import { storeLayout } from '../engine/file/store-layout.ts'
import { createUnsyncedFiles } from '../engine/file/sync-files.ts'
import { ConsumeQueueStore } from '../engine/queue/consume-queue-store.ts'
import { DelayLevels } from '../engine/queue/delay-levels.ts'
import { DeletedTopics } from '../engine/queue/deleted-topics.ts'
import { IndexStore } from '../engine/queue/index-store.ts'
import { Reputter } from '../engine/queue/reput-step.ts'
import type { DeleteTopic, FromWorker, ToHousekeeping, ToReput, WorkerSetup } from './messages.ts'
import { patientFiles } from './patient-files.ts'
import { ReputNews } from './reput-signals.ts'
import { SharedState, StopStage } from './shared-state.ts'
import { reportFailure } from './worker-failure.ts'

/**
 * How long it naps after work: to be woken for each message would cost both threads more, and what
 * was built together of a queue is written together.
 */
const NAP_MS = 5
/** With so much to do it naps no more. */
const NAP_BYTES_MAX = MIB
/** How long it sleeps when nothing is written: what else it does has to be looked after. */
const SLEEP_IDLE_MS = 50
/** How long it deletes what was trimmed before it looks for messages again. */
const TRIM_SLICE_MS = 2
/** How long it waits before a call is made again for which the disk had no room. */
const ROOM_WAIT_MS = 200
/** After this much log the checkpoint moves before its time, which bounds what a crash redoes. */
const THOROUGH_SYNC_BYTES = 256 * MIB

const setup: WorkerSetup & { readonly housekeeping: MessagePort } = workerData
const port = parentPort
if (port === null) throw new Error('the reput worker runs in a thread of its own')
const { config, housekeeping } = setup
const state = new SharedState(setup.state)

function post(message: FromWorker): void {
  port?.postMessage(message)
}

function ask(message: ToHousekeeping): void {
  housekeeping.postMessage(message)
}

class ReputLoop {
  readonly #queues: ConsumeQueueStore
  readonly #index: IndexStore | undefined
  readonly #reputter: Reputter
  readonly #deletedTopics: DeletedTopics
  #lastSyncMs = Date.now()
  #lastThoroughSyncMs = Date.now()
  #lastThoroughSyncOffset = setup.redoFromOffset
  readonly #news = new ReputNews(state)
  /** In the order in which they came: whose queues stand yet, and who is not on the disk yet. */
  readonly #deletions: DeleteTopic[] = []
  readonly #unkept: DeleteTopic[] = []
  /** Where the log starts, as far as queues and index have been trimmed or are being so. */
  #trimmedOffset = 0
  #wantedTrimOffset = 0
  #trimming: Generator<readonly string[], void, undefined> | undefined
  #isSyncWanted = false
  #isRoomMissed = false

  constructor() {
    const files = patientFiles(nodeFileSystem(), (error) => this.#waitForRoom(error))
    const layout = storeLayout(setup.directory)
    const workDirectory = layout.work
    this.#queues = new ConsumeQueueStore(
      files,
      { root: layout.consumeQueue, workDirectory, fileBytes: config.consumeQueueFileBytes },
      openFilesMax('queue-writers'),
    )
    const indexLocation = {
      directory: layout.index,
      workDirectory,
      slotCount: config.indexSlotCount,
      entryCount: config.indexEntryCount,
    }
    this.#index = config.index ? new IndexStore(files, indexLocation) : undefined
    this.#index?.cut(setup.cutOffset, setup)
    this.#deletedTopics = new DeletedTopics(files, workDirectory)
    this.#reputter = new Reputter(
      files,
      {
        directory: layout.commitLog,
        segmentBytes: setup.segmentBytes,
        reputOffset: setup.redoFromOffset,
      },
      {
        queues: this.#queues,
        index: this.#index,
        delayLevels: new DelayLevels(config.delayLevels),
        restartOffsets: setup.restartOffsets,
        deletedTopics: this.#deletedTopics,
      },
    )
  }

  run(): void {
    let hasWorked = false
    for (;;) {
      const tick = state.tick('REPUT')
      // First whether it is to stop, then the rest: nothing comes once that is said.
      const isStopping = state.stopStage >= StopStage.REPUT
      // First the offset, then the messages: a deletion is seen before what came after it.
      const writtenOffset = state.writtenOffset
      this.#readMessages()
      const untilOffset = this.#deletions[0]?.untilOffset ?? writtenOffset
      if (this.#reputter.reputOffset < Math.min(writtenOffset, untilOffset)) {
        this.#step(Math.min(writtenOffset, untilOffset))
        hasWorked = true
      }
      this.#keepDeletions()
      this.#deleteTopics()
      this.#trimSome()
      this.#syncWhenDue()
      const restBytes = state.writtenOffset - this.#reputter.reputOffset
      const mayNap = !isStopping && this.#deletions.length === 0 && restBytes < NAP_BYTES_MAX
      if (restBytes > 0 && !(hasWorked && mayNap)) continue
      if (isStopping) break
      this.#sleep(tick, hasWorked || this.#trimming !== undefined)
      hasWorked = false
    }
    this.#sync(true)
    this.#reputter.close()
    this.#queues.close()
    this.#index?.close()
  }

  #sleep(tick: number, isBusy: boolean): void {
    state.setReputIdle(!isBusy)
    if (isBusy) state.sleep('REPUT', tick, NAP_MS)
    else if (this.#reputter.reputOffset >= state.writtenOffset) {
      state.sleep('REPUT', tick, SLEEP_IDLE_MS)
    }
    state.setReputIdle(false)
  }

  #step(writtenOffset: number): void {
    this.#news.publish(this.#reputter.reputStep(writtenOffset))
    this.#isRoomMissed = false
    if (this.#news.takeWish()) post({ kind: 'reput' })
  }

  #readMessages(): void {
    if (port === null) return
    for (;;) {
      const received = receiveMessageOnPort(port)
      if (received === undefined) return
      this.#take(received.message)
    }
  }

  #take(message: ToReput): void {
    switch (message.kind) {
      case 'delete-topic':
        this.#deletions.push(message)
        this.#unkept.push(message)
        break
      case 'trim':
        this.#wantedTrimOffset = Math.max(this.#wantedTrimOffset, message.logStartOffset)
        break
      case 'sync':
        this.#isSyncWanted = true
        break
      default:
        unreachable(message)
    }
  }

  /**
   * There may be thousands of queues, so a slice at a time. What is not done when the store stops
   * is done after the next start.
   */
  #trimSome(): void {
    if (this.#trimming === undefined) {
      if (this.#trimmedOffset >= this.#wantedTrimOffset) return
      this.#trimmedOffset = this.#wantedTrimOffset
      this.#trimming = this.#queues.trim(this.#trimmedOffset)
      this.#index?.trim(this.#trimmedOffset)
    }
    const paths: string[] = []
    const endMs = performance.now() + TRIM_SLICE_MS
    do {
      const { done, value } = this.#trimming.next()
      if (done === true) {
        this.#trimming = undefined
        break
      }
      paths.push(...value)
    } while (performance.now() < endMs)
    if (paths.length > 0) post({ kind: 'trimmed', paths })
  }

  /** What is to be written waits for the disk, and readers wait for it; the log has it all. */
  #waitForRoom(error: unknown): boolean {
    if (state.stopStage >= StopStage.REPUT) return false
    if (!this.#isRoomMissed) {
      const message = `queues and index wait for room on the disk: ${describeError(error)}`
      post({ kind: 'warning', message })
    }
    this.#isRoomMissed = true
    state.sleep('REPUT', state.tick('REPUT'), ROOM_WAIT_MS)
    return true
  }

  /** Those that the log is on the disk up to: see {@link DeletedTopics}. */
  #keepDeletions(): void {
    const { flushedOffset } = state
    const rest = this.#unkept.findIndex(({ untilOffset }) => untilOffset > flushedOffset)
    const due = this.#unkept.splice(0, rest === -1 ? this.#unkept.length : rest)
    if (due.length === 0) return
    this.#deletedTopics.add(due)
    post({ kind: 'deletions-kept', count: due.length })
  }

  /** A topic goes once the log is built up to its deletion: otherwise it would come back. */
  #deleteTopics(): void {
    for (;;) {
      const next = this.#deletions[0]
      if (next === undefined || next.untilOffset > this.#reputter.reputOffset) return
      this.#deletions.shift()
      this.#reputter.forgetTopic(next.topic)
      post({ kind: 'topic-deleted' })
    }
  }

  #syncWhenDue(): void {
    const now = Date.now()
    if (this.#isSyncWanted) {
      this.#isSyncWanted = false
      this.#sync(true)
      return
    }
    if (now - this.#lastSyncMs < config.queueFlushIntervalMs) return
    const newBytes = this.#reputter.reputOffset - this.#lastThoroughSyncOffset
    const isTimeUp = now - this.#lastThoroughSyncMs >= config.queueFlushThoroughIntervalMs
    this.#sync(newBytes > 0 && (isTimeUp || newBytes >= THOROUGH_SYNC_BYTES))
  }

  #sync(isThorough: boolean): void {
    this.#lastSyncMs = Date.now()
    if (isThorough) {
      this.#lastThoroughSyncMs = this.#lastSyncMs
      this.#lastThoroughSyncOffset = this.#reputter.reputOffset
    }
    const bytesMin = isThorough ? 0 : config.queueFlushPageCountMin * PAGE_BYTES
    const unsynced = createUnsyncedFiles()
    this.#queues.takeUnsynced(unsynced, bytesMin)
    if (isThorough) this.#index?.takeUnsynced(unsynced)
    if (unsynced.paths.length === 0 && !isThorough) return
    const built = {
      unsynced,
      untilOffset: this.#reputter.reputOffset,
      queueTimestampMs: this.#reputter.reputTimestampMs,
      indexTimestampMs: this.#index?.endTimestampMs ?? 0,
      indexMark: this.#index?.mark(this.#reputter.reputOffset),
      isThorough,
    }
    ask({ kind: 'sync-queues', built })
  }
}

handArenasTo((buffer) => post({ kind: 'arena', buffer }))
try {
  const loop = new ReputLoop()
  post({ kind: 'ready' })
  loop.run()
} catch (error) {
  reportFailure(port, 'build queues and index of', error)
}
housekeeping.close()
port.close()
