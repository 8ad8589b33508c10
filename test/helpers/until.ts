/** Waiting for what has to happen, however slow the machine: a long limit, and no fixed pause. */

import { RemotingError } from '../../net/remoting/errors.ts'

const POLL_MS = 5
/** Less than a test may take, so that the test says what it waited for. */
const WAIT_MS_MAX = 20_000

/** Waits until `condition` holds; fails after a long time. */
export async function until(condition: () => boolean): Promise<void> {
  const deadlineMs = performance.now() + WAIT_MS_MAX
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not so: ${condition.toString()}`)
    await new Promise((resolve) => setTimeout(resolve, POLL_MS))
  }
}

/** As much of a store as {@link whenBuilt} looks at. */
interface BuiltStore {
  readonly log: { readonly appendedOffset: number }
  readonly reputOffset: number
}

/**
 * Waits until everything that was appended has its unit and its index entries, what the present
 * turn holds and has not written included.
 */
export function whenBuilt(store: BuiltStore): Promise<void> {
  return until(() => store.reputOffset === store.log.appendedOffset)
}

/**
 * Listens on a port that was used before; somebody else may have got it for a moment.
 * @param listen fails with `REMOTING_LISTEN_FAILED` as long as that is so
 */
export async function whenPortIsFree<T>(listen: () => Promise<T>): Promise<T> {
  const deadlineMs = performance.now() + WAIT_MS_MAX
  for (;;) {
    try {
      return await listen()
    } catch (error) {
      const isTaken = error instanceof RemotingError && error.code === 'REMOTING_LISTEN_FAILED'
      if (!isTaken || performance.now() > deadlineMs) throw error
      await new Promise((resolve) => setTimeout(resolve, POLL_MS))
    }
  }
}
