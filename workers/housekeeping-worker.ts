/**
 * Entry of the housekeeping thread: everything slow that nobody waits for. It makes the next
 * segment ready, syncs what the reput thread wrote, moves the checkpoint, and deletes segments.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { unreachable } from '../engine/base/assert.ts'
import { describeError, StoreError } from '../engine/base/errors.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeErrorOf } from '../engine/file/posix.ts'
import { prepareFile } from '../engine/file/preallocator.ts'
import { segmentPath, storeLayout } from '../engine/file/store-layout.ts'
import { type BuiltFiles, CheckpointKeeper } from '../engine/store/checkpoint-keeper.ts'
import { lackOfRoom } from '../engine/store/retention.ts'
import { deleteSegment } from '../engine/store/segment-deletion.ts'
import type { FromWorker, ToHousekeeping, WorkerSetup } from './messages.ts'
import { isRoomMissing } from './patient-files.ts'
import { SharedState } from './shared-state.ts'
import { reportFailure } from './worker-failure.ts'

/** How long it waits before it tries again what the disk had no room for. */
const ROOM_WAIT_MS = 500

const setup: WorkerSetup & { readonly fromReput: MessagePort } = workerData
const port = parentPort
if (port === null) throw new Error('the housekeeping worker runs in a thread of its own')
const files = nodeFileSystem()
const layout = storeLayout(setup.directory)
const state = new SharedState(setup.state)
const keeper = new CheckpointKeeper(files, layout, setup.endOffset, () => state.flushedTimestampMs)
/** What reput built and is not on the disk yet. */
const owed: BuiltFiles[] = []
/** Queues and index of everything before are on the disk; physical offset. */
let builtOffset = setup.redoFromOffset
let isRoomMissed = false
let roomTimer: NodeJS.Timeout | undefined

function post(message: FromWorker): void {
  port?.postMessage(message)
}

function handle(message: ToHousekeeping): void {
  switch (message.kind) {
    case 'prepare':
      prepareSegment(message.startOffset)
      break
    case 'sync-queues':
      owed.push(message.built)
      syncOwed()
      break
    case 'look':
      look(message.startOffset)
      break
    case 'delete-segment':
      deleteOldest(message.startOffset)
      break
    case 'stop':
      stop()
      break
    default:
      unreachable(message)
  }
}

/**
 * In order. When the disk has no room for the checkpoint, what is owed is owed until it has: the
 * syncs are done again then, and the checkpoint moves later.
 */
function syncOwed(): void {
  for (;;) {
    const [built] = owed
    if (built === undefined) return
    try {
      keeper.syncBuilt(built)
    } catch (error) {
      if (!isRoomMissing(error)) throw error
      waitForRoom(error)
      return
    }
    isRoomMissed = false
    if (built.isThorough) builtOffset = built.untilOffset
    owed.shift()
  }
}

function waitForRoom(error: unknown): void {
  if (!isRoomMissed) {
    const message = `the checkpoint waits for room on the disk: ${describeError(error)}`
    post({ kind: 'warning', message })
  }
  isRoomMissed = true
  clearTimeout(roomTimer)
  roomTimer = setTimeout(() => guarded(syncOwed, 'sync the queues of'), ROOM_WAIT_MS)
}

function look(startOffset: number): void {
  const path = segmentPath(layout.commitLog, startOffset)
  post({
    kind: 'looked',
    startOffset,
    // One that somebody removed by hand is as old as can be.
    oldestModifiedMs: files.exists(path) ? files.modifiedMs(path) : 0,
    space: files.space(layout.commitLog),
    builtOffset,
  })
}

function deleteOldest(startOffset: number): void {
  try {
    deleteSegment(files, layout, startOffset)
    post({ kind: 'segment-deleted', startOffset })
  } catch (error) {
    const path = segmentPath(layout.commitLog, startOffset)
    const failure = describeError(storeErrorOf(error, 'delete', path))
    post({ kind: 'segment-not-deleted', message: `${failure}; trying again` })
  }
}

/** The reput thread has ended before: what it left in its port is the last of it. */
function stop(): void {
  for (;;) {
    const received = receiveMessageOnPort(setup.fromReput)
    if (received === undefined) break
    handle(received.message)
  }
  clearTimeout(roomTimer)
  keeper.save()
  setup.fromReput.close()
  port?.close()
}

function prepareSegment(startOffset: number): void {
  const path = segmentPath(layout.commitLog, startOffset)
  try {
    if (!files.exists(path)) {
      const lack = lackOfRoom(setup.config, files.space(layout.commitLog), setup.segmentBytes)
      if (lack !== undefined) throw lack
      prepareFile(files, {
        path,
        sizeBytes: setup.segmentBytes,
        workDirectory: layout.work,
        preparation: setup.config.segmentPreparation,
        durable: true,
      })
    }
    post({ kind: 'prepared', startOffset })
  } catch (error) {
    const failure =
      error instanceof StoreError ? error : storeErrorOf(error, 'make the next segment', path)
    const message = describeError(failure)
    post({ kind: 'not-prepared', startOffset, code: failure.code, message })
  }
}

function guarded(act: () => void, task: string): void {
  try {
    act()
  } catch (error) {
    reportFailure(port as MessagePort, task, error)
    process.exit(1)
  }
}

function receive(message: ToHousekeeping): void {
  guarded(() => handle(message), describeTask(message))
}

function describeTask(message: ToHousekeeping): string {
  return message.kind === 'sync-queues' ? 'sync the queues of' : `${message.kind} in`
}

port.on('message', receive)
setup.fromReput.on('message', receive)
post({ kind: 'ready' })
