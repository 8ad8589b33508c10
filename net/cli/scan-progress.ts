/** Shows on standard error how far a start is that has much of a log to scan. */
import type { ByteProgress } from './byte-progress.ts'

/** Loads what it needs once there is something to show: most starts scan nothing. */
export function createScanProgress(): (doneBytes: number, totalBytes: number) => void {
  let progress: Promise<ByteProgress> | undefined
  return (doneBytes, totalBytes) => {
    progress ??= import('./byte-progress.ts').then(({ createByteProgress }) =>
      createByteProgress(process.stderr, 'scanning the log', false),
    )
    void progress.then(({ show, end }) => {
      show(doneBytes, totalBytes)
      if (doneBytes === totalBytes) end()
    })
  }
}
