/** Whether `buffer[start, end)` holds exactly these bytes. A loop: they are few. */
export function equalBytes(
  buffer: Uint8Array,
  start: number,
  end: number,
  bytes: Uint8Array,
): boolean {
  if (end - start !== bytes.length) return false
  for (let index = 0; index < bytes.length; index += 1) {
    if (buffer[start + index] !== bytes[index]) return false
  }
  return true
}
