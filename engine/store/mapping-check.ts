import { join } from 'node:path'
import { StoreError } from '../base/errors.ts'
import { PAGE_BYTES } from '../base/units.ts'
import { type FileSystem, writeFully } from '../file/file-system.ts'

const PROBE = Buffer.from('what is written to a file is seen through its mapping')

/**
 * Checks that writes are seen through mappings: some network and sandboxed file systems keep the
 * two apart, and readers would see zeros there.
 * @throws {StoreError} `STORE_MAPPING_INCOHERENT`
 */
export function checkMappings(files: FileSystem, workDirectory: string): void {
  const path = join(workDirectory, 'making-mapping-check')
  const fd = files.open(path, 'create')
  try {
    files.setLength(fd, PAGE_BYTES)
    const region = files.map(fd, PAGE_BYTES)
    writeFully(files, fd, PROBE, { start: 0, lengthBytes: PROBE.length, position: 0 })
    const isSeen = region.bytes.subarray(0, PROBE.length).equals(PROBE)
    region.close()
    if (!isSeen) {
      const message = `the file system of ${workDirectory} does not show writes through mappings`
      throw new StoreError('STORE_MAPPING_INCOHERENT', message)
    }
  } finally {
    files.close(fd)
    files.unlink(path)
  }
}
