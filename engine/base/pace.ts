/** Keeps a long walk over many bytes from being felt by others, and lets it be ended. */
export interface Pace {
  /**
   * Called after each so many bytes; may sleep, in a thread that may.
   * @returns false when the walk should end here.
   */
  passed(bytes: number): boolean
}

/** As fast as it goes, to the end. */
export const UNPACED: Pace = Object.freeze({ passed: () => true })
