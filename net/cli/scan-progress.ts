/** Shows on standard error how far a start is that has much of a log to scan. */
import type { ByteProgress } from './byte-progress.ts'

/**
 * Loads what it needs once there is something to show: most starts scan nothing.
 * @param shardName for one of several brokers that share a terminal, on which no bar can stand
 */
export function createScanProgress(
  shardName?: string,
): (doneBytes: number, totalBytes: number) => void {
  const name = `scanning the log${shardName === undefined ? '' : ` of ${shardName}`}`
  const form = shardName === undefined ? 'bar' : 'lines'
  let progress: Promise<ByteProgress> | undefined
  return (doneBytes, totalBytes) => {
    progress ??= import('./byte-progress.ts').then(({ createByteProgress }) =>
      createByteProgress(process.stderr, name, form),
    )
    void progress.then(({ show, end }) => {
      show(doneBytes, totalBytes)
      if (doneBytes === totalBytes) end()
    })
  }
}
