import { LinearMemory } from '../../engine/format/linear-memory.ts'

/** Linear memory for a test of it, which must not quietly do with other memory instead. */
export function reservedMemory(lengthBytes: number): LinearMemory {
  const memory = LinearMemory.reserve(lengthBytes)
  if (memory === undefined) throw new Error('this process may have the address space')
  return memory
}
