import { systemErrorCode } from '../engine/base/errors.ts'
import type { FileSystem } from '../engine/file/file-system.ts'

/** Calls that take room on the disk. A sync that fails for lack of it has lost bytes already. */
const TAKES_ROOM = [
  'open',
  'write',
  'allocate',
  'zero',
  'setLength',
  'rename',
  'makeDirectory',
] as const satisfies readonly (keyof FileSystem)[]

/** Whether a call failed for want of room, and would succeed with more. */
export function isRoomMissing(error: unknown): boolean {
  const code = systemErrorCode(error)
  if (code !== 'ENOSPC' && code !== 'EDQUOT') return false
  const call = error instanceof Error && 'syscall' in error ? String(error.syscall) : ''
  return !call.includes('sync')
}

/**
 * A disk whose calls, when there is no room for them, are made again once `waitForRoom` has
 * returned true; when it returns false, they fail. For threads that may sleep.
 */
export function patientFiles(
  files: FileSystem,
  waitForRoom: (error: unknown) => boolean,
): FileSystem {
  const patient: Partial<Record<keyof FileSystem, unknown>> = { ...files }
  for (const call of TAKES_ROOM) {
    const impatient = files[call] as (...values: unknown[]) => unknown
    patient[call] = (...values: unknown[]) => {
      for (;;) {
        try {
          return impatient(...values)
        } catch (error) {
          if (!isRoomMissing(error) || !waitForRoom(error)) throw error
        }
      }
    }
  }
  return patient as unknown as FileSystem
}
