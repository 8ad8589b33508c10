import { reachableFiles } from './module-graph.ts'
import type { Finding, SourceFile } from './source-file.ts'

/** Stand beside the provider that they replace in tests. */
const TEST_PROVIDER = /^engine\/file\/memory-[a-z-]+\.ts$/
const PRODUCT = /^(engine|workers|net)\/.*\.ts$/

/** A source that only tests reach is not part of the product: nobody could run it. */
export function checkDeadFiles(files: ReadonlyMap<string, SourceFile>): Finding[] {
  const reached = reachableFiles(files)
  const dead = [...files.keys()].filter(
    (path) => PRODUCT.test(path) && !TEST_PROVIDER.test(path) && !reached.has(path),
  )
  const message = 'dead file: no door, program or worker reaches it'
  return dead.map((path) => ({ path, line: 1, message }))
}
