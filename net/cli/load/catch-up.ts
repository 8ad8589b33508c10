import { LoadError } from './errors.ts'
import type { LoadTarget } from './load-target.ts'

const POLL_MS = 50
const CATCH_UP_MS_MAX = 120_000
/** What a broker still does when its queues are complete: a flush. */
const TAIL_MS = 500

/**
 * Waits until queues and index hold everything that the brokers have in their logs, and a little
 * longer: until then they work on what they have acknowledged.
 * @throws {LoadError} `LOAD_STALLED`
 */
export async function waitUntilCaughtUp(targets: readonly LoadTarget[]): Promise<void> {
  const endMs = performance.now() + CATCH_UP_MS_MAX
  for (const { control } of targets) {
    for (;;) {
      const behindBytes = await control.dispatchBehindBytes()
      if (behindBytes === 0) break
      if (performance.now() > endMs) {
        const behind = `${behindBytes} bytes behind ${CATCH_UP_MS_MAX} ms after its last ack`
        const message = `the queues of ${control.address} are ${behind}`
        throw new LoadError('LOAD_STALLED', message)
      }
      await sleep(POLL_MS)
    }
  }
  await sleep(TAIL_MS)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
