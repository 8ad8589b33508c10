/** Says in the log how queues and index come on that a start builds again. */
import type { Logger } from '../engine/base/logger.ts'
import { GIB, MIB } from '../engine/base/units.ts'

/** Less than this is built before anyone could read of it. */
const WORTH_TELLING_BYTES = 256 * MIB
const EVERY_MS = 2000
const MS_PER_SECOND = 1000

export interface BuildRange {
  readonly fromOffset: number
  readonly endOffset: number
  /** How far they are built. */
  readonly reputOffset: () => number
}

/** @returns what ends the reports. */
export function reportBuild(
  logger: Logger,
  { fromOffset, endOffset, reputOffset }: BuildRange,
): () => void {
  const totalBytes = endOffset - fromOffset
  if (totalBytes < WORTH_TELLING_BYTES) return () => undefined
  const startMs = performance.now()
  const gibibytes = (bytes: number) => (bytes / GIB).toFixed(1)
  const timer = setInterval(() => {
    const doneBytes = Math.min(reputOffset(), endOffset) - fromOffset
    const seconds = (performance.now() - startMs) / MS_PER_SECOND
    const rate = `${(doneBytes / MIB / seconds).toFixed(0)} MiB/s`
    if (doneBytes < totalBytes) {
      const done = `${gibibytes(doneBytes)} of ${gibibytes(totalBytes)} GiB`
      logger.info(`queues and index are built from ${done} of the log, ${rate}`)
      return
    }
    clearInterval(timer)
    const took = `${seconds.toFixed(1)} s, ${rate}`
    logger.info(
      `queues and index are built from ${gibibytes(totalBytes)} GiB of the log in ${took}`,
    )
  }, EVERY_MS).unref()
  return () => clearInterval(timer)
}
