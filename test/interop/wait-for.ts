import { setTimeout as sleep } from 'node:timers/promises'

const POLL_MS = 50

/** Polls until something holds; fails when time runs out. */
export async function waitFor(holds: () => boolean, timeoutMs: number): Promise<void> {
  const deadlineMs = performance.now() + timeoutMs
  while (!holds()) {
    if (performance.now() > deadlineMs) throw new Error(`waited ${timeoutMs} ms in vain`)
    await sleep(POLL_MS)
  }
}
