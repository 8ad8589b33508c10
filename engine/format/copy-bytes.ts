/**
 * Up to here a loop is quicker than `Buffer.copy`, which makes a view of the source first
 * (Node 20: 25 against 62 ns for 16 bytes, equal near 44, 92 against 65 ns for 64).
 */
const LOOP_MAX_BYTES = 40

/** Copies `source[start, end)` to `target[at]` and returns where the copy ends. */
export function copyBytes(
  source: Buffer,
  start: number,
  end: number,
  target: Buffer,
  at: number,
): number {
  const bytes = end - start
  if (bytes > LOOP_MAX_BYTES) source.copy(target, at, start, end)
  else for (let index = 0; index < bytes; index++) target[at + index] = source[start + index]!
  return at + bytes
}
