/** How much of one kind may be open at once: a share of the files that the process may open. */
import { processLimit } from './process-limits.ts'

/**
 * What each kind may take; the rest is for segments. A process has up to three servers, each with
 * its share of connections: without one, idle peers could keep the log from its next segment.
 */
const SHARES = { 'queue-writers': 0.4, 'queue-readers': 0.2, connections: 0.1 } as const
const COUNT_MAX = 65_536
/** Where the limit cannot be read: what most systems allow. */
const LIMIT_UNKNOWN = 4096

/** Node raises the soft limit to the hard one when it starts. */
export function openFilesMax(kind: keyof typeof SHARES): number {
  const limit = processLimit('Max open files') ?? LIMIT_UNKNOWN
  return Math.min(COUNT_MAX, Math.floor(limit * SHARES[kind]))
}
