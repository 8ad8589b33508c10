/** A figure that was measured several times. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
}

/** @returns undefined of nothing */
export function spreadOf(values: readonly number[]): Spread | undefined {
  const sorted = values.toSorted((left, right) => left - right)
  if (sorted.length === 0) return undefined
  const middle = (sorted.length - 1) / 2
  const median = (sorted[Math.floor(middle)]! + sorted[Math.ceil(middle)]!) / 2
  return { median, min: sorted[0]!, max: sorted.at(-1)! }
}

/**
 * How many times as much `values` are as `others` that were measured in turn with them: the ratios
 * of neighbours, which what slows both of them down cancels out of. A round that one of them has
 * not finished does not count.
 */
export function ratioOf(
  values: readonly (number | undefined)[],
  others: readonly (number | undefined)[],
): Spread | undefined {
  const ratios: number[] = []
  for (const [round, value] of values.entries()) {
    const other = others[round]
    if (value !== undefined && other !== undefined && other > 0) ratios.push(value / other)
  }
  return spreadOf(ratios)
}

/** Half the distance between the extremes, in percent of the median. */
export function spreadPercent({ median, min, max }: Spread): number {
  return median === 0 ? 0 : (50 * (max - min)) / median
}
