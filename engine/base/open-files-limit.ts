/** How much of one kind may be open at once: a share of the files that the process may open. */
import { existsSync, readFileSync } from 'node:fs'

/**
 * What each kind may take; the rest is for segments. A process has up to three servers, each with
 * its share of connections: without one, idle peers could keep the log from its next segment.
 */
const SHARES = { 'queue-writers': 0.4, 'queue-readers': 0.2, connections: 0.1 } as const
const COUNT_MAX = 65_536
/** Where the limit cannot be read: what most systems allow. */
const LIMIT_UNKNOWN = 4096

/** Only Linux has it. */
const LIMITS_PATH = '/proc/self/limits'

/** Node raises the soft limit to the hard one when it starts. */
export function openFilesMax(kind: keyof typeof SHARES): number {
  return Math.min(COUNT_MAX, Math.floor(openFilesLimit() * SHARES[kind]))
}

function openFilesLimit(): number {
  if (!existsSync(LIMITS_PATH)) return LIMIT_UNKNOWN
  const line = /^Max open files +(\d+|unlimited)/m.exec(readFileSync(LIMITS_PATH, 'utf8'))
  if (line === null) return LIMIT_UNKNOWN
  return line[1] === 'unlimited' ? Number.POSITIVE_INFINITY : Number(line[1])
}
