/** Resolves when all of `promises` have ended in whatever way, or after `timeoutMs`. */
export async function settledWithin(
  promises: Iterable<Promise<unknown>>,
  timeoutMs: number,
): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs)
  })
  await Promise.race([Promise.allSettled(promises), late])
  clearTimeout(timer)
}
