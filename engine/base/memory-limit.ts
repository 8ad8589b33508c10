import { totalmem } from 'node:os'

/** Bytes of memory that this process and what it reads may fill: the machine's or a container's. */
export function memoryLimit(): number {
  const limit = process.constrainedMemory()
  return limit === undefined || limit === 0 ? totalmem() : Math.min(limit, totalmem())
}
