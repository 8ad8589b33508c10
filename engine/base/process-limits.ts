import { existsSync, readFileSync } from 'node:fs'

/** Only Linux has it. */
const LIMITS_PATH = '/proc/self/limits'

/**
 * A soft limit of this process by its name there, such as `Max open files`: infinite without one,
 * undefined where it cannot be read.
 */
export function processLimit(name: string): number | undefined {
  if (!existsSync(LIMITS_PATH)) return undefined
  const line = new RegExp(`^${name} +(\\d+|unlimited)`, 'm').exec(readFileSync(LIMITS_PATH, 'utf8'))
  if (line === null) return undefined
  return line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1])
}
