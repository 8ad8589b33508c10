/**
 * The clock that all processes of a machine share (CLOCK_MONOTONIC, in steps of 1 ns on Linux), in
 * milliseconds since the machine's start. `performance.now()` is the same clock from the start of
 * its own process on.
 */

const NS_PER_MS = 1e6
const TRY_COUNT = 100
const OFFSET_MS = offsetMs()

/** A time of `performance.now()` on the clock of the machine. */
export function toMachineMs(performanceMs: number): number {
  return performanceMs + OFFSET_MS
}

/** A time on the clock of the machine as `performance.now()` would have said it. */
export function fromMachineMs(machineMs: number): number {
  return machineMs - OFFSET_MS
}

/** The shortest of many tries: nothing came between its two looks at the clock. */
function offsetMs(): number {
  let least = Number.POSITIVE_INFINITY
  for (let index = 0; index < TRY_COUNT; index++) {
    const ownMs = performance.now()
    const machineMs = Number(process.hrtime.bigint()) / NS_PER_MS
    least = Math.min(least, machineMs - ownMs)
  }
  return least
}
