/**
 * Entry of the housekeeping thread: everything slow that nobody waits for. It makes the next
 * segment ready, syncs what the reput thread wrote, and moves the checkpoint.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { unreachable } from '../engine/base/assert.ts'
import { describeError } from '../engine/base/errors.ts'
import { nodeFileSystem } from '../engine/file/node-file-system.ts'
import { storeErrorOf } from '../engine/file/posix.ts'
import { prepareFile } from '../engine/file/preallocator.ts'
import { segmentPath, storeLayout } from '../engine/file/store-layout.ts'
import { CheckpointKeeper } from '../engine/store/checkpoint-keeper.ts'
import type { FromWorker, ToHousekeeping, WorkerSetup } from './messages.ts'
import { SharedState } from './shared-state.ts'
import { reportFailure } from './worker-failure.ts'

const setup: WorkerSetup & { readonly fromReput: MessagePort } = workerData
const port = parentPort
if (port === null) throw new Error('the housekeeping worker runs in a thread of its own')
const files = nodeFileSystem()
const layout = storeLayout(setup.directory)
const state = new SharedState(setup.state)
const keeper = new CheckpointKeeper(files, layout, setup.endOffset, () => state.flushedTimestampMs)

function post(message: FromWorker): void {
  port?.postMessage(message)
}

function handle(message: ToHousekeeping): void {
  switch (message.kind) {
    case 'prepare':
      prepareSegment(message.startOffset)
      break
    case 'sync-queues':
      keeper.syncBuilt(message.built)
      break
    case 'stop':
      stop()
      break
    default:
      unreachable(message)
  }
}

/** The reput thread has ended before: what it left in its port is the last of it. */
function stop(): void {
  for (;;) {
    const received = receiveMessageOnPort(setup.fromReput)
    if (received === undefined) break
    handle(received.message)
  }
  keeper.save()
  setup.fromReput.close()
  port?.close()
}

function prepareSegment(startOffset: number): void {
  const path = segmentPath(layout.commitLog, startOffset)
  try {
    if (!files.exists(path)) {
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
    const failure = storeErrorOf(error, 'make the next segment', path)
    const message = describeError(failure)
    post({ kind: 'not-prepared', startOffset, code: failure.code, message })
  }
}

function guarded(message: ToHousekeeping): void {
  try {
    handle(message)
  } catch (error) {
    reportFailure(port as MessagePort, describeTask(message), error)
    process.exit(1)
  }
}

function describeTask(message: ToHousekeeping): string {
  return message.kind === 'sync-queues' ? 'sync the queues of' : `${message.kind} in`
}

port.on('message', guarded)
setup.fromReput.on('message', guarded)
post({ kind: 'ready' })
