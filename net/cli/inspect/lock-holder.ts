import { readFileSync, statSync } from 'node:fs'
import { systemErrorCode } from '../../../engine/base/errors.ts'

/** Who holds the lock of a store: nobody, a process, or one that the kernel does not name. */
export type LockHolder =
  | { readonly state: 'free' }
  | { readonly state: 'held'; readonly pid: number | undefined }
  | { readonly state: 'unknown' }

/** `1: OFDLCK ADVISORY WRITE -1 fe:00:1234 0 0`: kind, process, device and inode, range. */
const LOCK_LINE =
  /^\d+: (?:POSIX|OFDLCK) +\S+ +WRITE (?<pid>-?\d+) (?<major>\w+):(?<minor>\w+):(?<inode>\d+) 0 /
const HEXADECIMAL = 16

/**
 * Looks into /proc/locks instead of trying the lock: whoever tries it holds it for a moment, and a
 * broker that starts in that moment would give up.
 */
export function findLockHolder(path: string): LockHolder {
  let locks: string
  let file: { readonly dev: number; readonly ino: number }
  try {
    file = statSync(path)
    locks = readFileSync('/proc/locks', 'latin1')
  } catch (error) {
    if (systemErrorCode(error) === undefined) throw error
    // A store that was never opened has no lock file; other systems have no /proc/locks.
    return { state: systemErrorCode(error) === 'ENOENT' ? 'free' : 'unknown' }
  }
  for (const line of locks.split('\n')) {
    const { pid, major, minor, inode } = LOCK_LINE.exec(line)?.groups ?? {}
    if (Number(inode) !== file.ino || !isDevice(file.dev, major, minor)) continue
    return { state: 'held', pid: Number(pid) > 0 ? Number(pid) : undefined }
  }
  return { state: 'free' }
}

/** Whether `dev` is the device with these hexadecimal numbers (Linux: MAJOR, MINOR of dev_t). */
function isDevice(dev: number, major: string | undefined, minor: string | undefined): boolean {
  const devMajor = (dev >>> 8) & 0xfff
  const devMinor = (dev & 0xff) | ((dev >>> 12) & 0xf_ff00)
  return (
    Number.parseInt(major ?? '', HEXADECIMAL) === devMajor &&
    Number.parseInt(minor ?? '', HEXADECIMAL) === devMinor
  )
}
