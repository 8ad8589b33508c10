import { LoadError } from './errors.ts'
import { type LoadTarget, sumOfMaxOffsets } from './load-target.ts'

const POLL_MS = 50
const CATCH_UP_MS_MAX = 120_000
/** What a broker still does when its queues are complete: the message index, a flush. */
const TAIL_MS = 500

/**
 * Waits until the queues of `topic` hold `offsetSum` messages in all, and a little longer: until
 * then the broker works on what it has acknowledged.
 * @throws {LoadError} `LOAD_STALLED`
 */
export async function waitUntilCaughtUp(
  targets: readonly LoadTarget[],
  topic: string,
  offsetSum: number,
): Promise<void> {
  const endMs = performance.now() + CATCH_UP_MS_MAX
  while ((await sumOfMaxOffsets(targets, topic)) < offsetSum) {
    if (performance.now() > endMs) {
      const message = `the queues of ${topic} lack messages ${CATCH_UP_MS_MAX} ms after their acks`
      throw new LoadError('LOAD_STALLED', message)
    }
    await sleep(POLL_MS)
  }
  await sleep(TAIL_MS)
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
