/**
 * Writes the conformance matrix into the README, from the list of scenarios and the file of gaps;
 * with `--check` only says whether it is there. The matrix itself is run by `npm run test:interop`,
 * which holds both files to what happens.
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { conformanceGaps, conformanceScenarios } from './conformance/catalogue.ts'
import { conformanceTable, withTable } from './conformance/table.ts'
import { packageRoot } from './java/package-root.ts'

const path = join(packageRoot, 'README.md')
const readme = readFileSync(path, 'utf8')
const wanted = withTable(readme, conformanceTable(conformanceScenarios, conformanceGaps))
if (!process.argv.includes('--check')) {
  writeFileSync(path, wanted)
} else if (readme !== wanted) {
  process.stderr.write('the conformance table is out of date: npm run conformance-table\n')
  process.exitCode = 1
}
