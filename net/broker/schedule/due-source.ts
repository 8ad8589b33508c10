import type { DeliveryTurns } from './delivery-turns.ts'

/** How a source's share of a turn ended. */
export const DeliverOutcome = {
  /** It comes back by itself: at a time, when the disk has been read, or with its next message. */
  RESTS: 0,
  /** The turn is spent and more is due. */
  MORE: 1,
  /** The log has no room for now. */
  NOT_READY: 2,
  /** What comes next is stored, and its unit is not built yet. */
  UNBUILT: 3,
} as const
export type DeliverOutcome = (typeof DeliverOutcome)[keyof typeof DeliverOutcome]

/**
 * Messages that are to be delivered in their time: a delay level today, the wheel of arbitrary
 * times beside it when there is one.
 */
export interface DueSource {
  /** Appends what is due by {@link DeliveryTurns.append}, until the turn is spent. */
  deliver(turns: DeliveryTurns): DeliverOutcome
  /** All that it appended so far is in the log. */
  onWritten(): void
  /** What it appended since the last {@link onWritten} was taken back. */
  onTakenBack(): void
}
