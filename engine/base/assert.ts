/** Assertions are for our own mistakes: they crash. Errors of the world are {@link StoreError}s. */

/**
 * Ends the current operation with an `AssertionFailure` when a promise of this code does not hold.
 */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new AssertionFailure(message)
}

/** Marks a branch that the types say cannot be reached. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${String(value)}`)
}

/** A broken promise of Agena's own code, never caused by input. */
export class AssertionFailure extends Error {
  override readonly name = 'AssertionFailure'
}
