/**
 * Goal: what a disk is asked for is counted: a sync as a flush, bytes as bytes.
 * Method: real writes into the temporary folder; only lower bounds, since others use the disk too.
 */
import { closeSync, fdatasyncSync, openSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { DiskAccount } from '../../../../net/cli/load/disk-account.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'

const SYNC_COUNT = 5
const BYTES = 64 * 1024

test('synced writes reach the disk that is counted', (context) => {
  using folder = temporaryFolder()
  const disk = new DiskAccount(folder.path)
  disk.start()
  const fd = openSync(join(folder.path, 'file'), 'w')
  for (let index = 0; index < SYNC_COUNT; index++) {
    writeSync(fd, Buffer.alloc(BYTES, index))
    fdatasyncSync(fd)
  }
  closeSync(fd)
  const figures = disk.figures()
  // A temporary folder in memory has no disk.
  if (figures === undefined) context.skip()
  expect(figures?.writtenBytes).toBeGreaterThanOrEqual(SYNC_COUNT * BYTES)
  expect(figures?.flushCount).toBeGreaterThanOrEqual(0)
})

test('before its start, and where there is no disk, nothing is known', () => {
  using folder = temporaryFolder()
  expect(new DiskAccount(folder.path).figures()).toBeUndefined()
  const processes = new DiskAccount('/proc')
  processes.start()
  expect(processes.figures()).toBeUndefined()
})
