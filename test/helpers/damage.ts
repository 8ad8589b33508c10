import { closeSync, openSync, readSync, writeSync } from 'node:fs'

/** Changes one byte of a file. */
export function flipByte(path: string, position: number): void {
  const fd = openSync(path, 'r+')
  const byte = Buffer.alloc(1)
  readSync(fd, byte, 0, 1, position)
  byte[0]! ^= 0x5a
  writeSync(fd, byte, 0, 1, position)
  closeSync(fd)
}
