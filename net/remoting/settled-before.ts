import { setTimeout as sleep } from 'node:timers/promises'

/** Waits for the first of `events`, or until `deadlineMs` on the clock of `performance.now`. */
export async function settledBefore(
  deadlineMs: number,
  ...events: readonly Promise<void>[]
): Promise<void> {
  const enough = new AbortController()
  const { signal } = enough
  const leftMs = Math.max(0, deadlineMs - performance.now())
  const late = sleep(leftMs, undefined, { signal }).catch((error: unknown) => {
    // The timer is stopped when nobody waits for it any more.
    if (!signal.aborted) throw error
  })
  await Promise.race([...events, late])
  enough.abort()
}
