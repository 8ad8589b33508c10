import type { MessagePort } from 'node:worker_threads'
import { describeError, StoreError } from '../engine/base/errors.ts'
import { storeErrorOf } from '../engine/file/posix.ts'
import type { FromWorker } from './messages.ts'

/** Tells the event loop why this worker ends. */
export function reportFailure(port: MessagePort, what: string, error: unknown): void {
  const failure = error instanceof StoreError ? error : storeErrorOf(error, what, 'the store')
  const message: FromWorker = {
    kind: 'failed',
    code: failure.code,
    message: describeError(failure),
  }
  port.postMessage(message)
}
