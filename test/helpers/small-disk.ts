/** A file system of a few megabytes in memory, for tests of a disk that is full. */
import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmdirSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export class SmallDisk implements Disposable {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /** Undefined where this process may not mount anything. */
  static mount(megabytes: number): SmallDisk | undefined {
    const path = mkdtempSync(join(tmpdir(), 'agena-small-disk-'))
    const words = ['-t', 'tmpfs', '-o', `size=${megabytes}m`, 'tmpfs', path]
    if (spawnSync('mount', words).status === 0) return new SmallDisk(path)
    rmdirSync(path)
    return undefined
  }

  [Symbol.dispose](): void {
    spawnSync('umount', [this.path])
    rmdirSync(this.path)
  }
}
