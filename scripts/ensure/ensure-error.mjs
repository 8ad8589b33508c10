/** A reason why the clone cannot be made ready, worded as the one line that the person sees. */
export class EnsureError extends Error {
  name = 'EnsureError'
}
