/**
 * Loaded into every thread of a real broker (`--import`): the one that is meant ends, without a
 * word, once a file is there. Which thread it is in is told by what the store started it with.
 *
 * AGENA_DYING_THREAD   flush, reput, housekeeping or pool
 * AGENA_DYING_TRIGGER  the file
 */
import { existsSync } from 'node:fs'
import process from 'node:process'
import { isMainThread, workerData } from 'node:worker_threads'

/** What the thread exits with, which the broker's log names. */
const EXIT_CODE = 7
const POLL_MS = 10

const dying = process.env['AGENA_DYING_THREAD']
const trigger = process.env['AGENA_DYING_TRIGGER'] ?? ''

function thisThread(): string {
  const setup = (workerData ?? {}) as Record<string, unknown>
  if ('housekeeping' in setup) return 'reput'
  if ('fromReput' in setup) return 'housekeeping'
  if ('redoFromOffset' in setup) return 'flush'
  return 'pool'
}

function endIfMeant(): void {
  if (existsSync(trigger)) process.exit(EXIT_CODE)
}

if (!isMainThread && dying === thisThread()) {
  // Some threads never leave their loop for a timer, but all of those wait here.
  const { wait } = Atomics
  Atomics.wait = ((...values: Parameters<typeof wait>) => {
    const result = wait(...values)
    endIfMeant()
    return result
  }) as typeof wait
  setInterval(endIfMeant, POLL_MS).unref()
}
