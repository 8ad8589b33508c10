import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TemporaryFolder extends Disposable {
  readonly path: string
}

/** A new folder, which goes away with `using`. */
export function temporaryFolder(name = 'test'): TemporaryFolder {
  const path = mkdtempSync(join(tmpdir(), `agena-${name}-`))
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) }
}
