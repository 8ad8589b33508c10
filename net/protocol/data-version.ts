import type { ShapeOf } from './json-shape.ts'
import { int64, object } from './json-shape.ts'

/** Version of a table that brokers and name servers compare (Java: DataVersion). */
export const DataVersion = object({
  /** Raised by every change. */
  counter: int64,
  /** Version of the broker's state machine; 0 without a controller. */
  stateVersion: int64,
  /** Time of the last change, in milliseconds. */
  timestamp: int64,
})
export type DataVersion = ShapeOf<typeof DataVersion>

/** True when both describe the same state of the table (Java: DataVersion.equals). */
export function sameDataVersion(left: DataVersion, right: DataVersion): boolean {
  return (
    left.stateVersion === right.stateVersion &&
    left.timestamp === right.timestamp &&
    left.counter === right.counter
  )
}
