import { describeError } from '../../engine/base/errors.ts'
import type { Logger } from '../../engine/base/logger.ts'

/** Something that is done again and again until it is stopped; never twice at the same time. */
export interface Periodic {
  stop(): void
}

/** Calls `task` in intervals; a failure is logged, and the next call comes in its time. */
export function startPeriodic(
  name: string,
  intervalMs: number,
  task: () => Promise<void> | void,
  logger: Logger,
): Periodic {
  let isRunning = false
  const timer = setInterval(() => {
    if (isRunning) return
    isRunning = true
    void run()
  }, intervalMs)
  timer.unref()

  async function run(): Promise<void> {
    try {
      await task()
    } catch (error) {
      logger.error(`${name} failed: ${describeError(error)}`)
    } finally {
      isRunning = false
    }
  }
  return { stop: () => clearInterval(timer) }
}
