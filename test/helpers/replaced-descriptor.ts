/** A file under an open descriptor, exchanged for another one, as a disk that goes bad. */
import { closeSync, openSync } from 'node:fs'
import koffi from 'koffi'

const dup2: (from: number, to: number) => number = koffi.load(null).func('int dup2(int, int)')

/**
 * Makes `fd` stand for `path`, in one step: no other thread can get the number in between.
 * @param flags as `openSync` has them
 */
export function replaceDescriptor(fd: number, path: string, flags: string): void {
  const other = openSync(path, flags)
  try {
    if (dup2(other, fd) !== fd) throw new Error(`descriptor ${fd}: errno ${koffi.errno()}`)
  } finally {
    closeSync(other)
  }
}
