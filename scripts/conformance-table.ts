/**
 * Writes the conformance matrix into the README, from the list of scenarios and the file of gaps;
 * with `--check` only says whether it is there. The matrix itself is run by `npm run test:interop`,
 * which holds both files to what happens.
 */
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { conformanceGaps, conformanceScenarios } from './conformance/catalogue.ts'
import { conformanceTable, withTable } from './conformance/table.ts'
import { writeGenerated } from './java/generated-files.ts'
import { packageRoot } from './java/package-root.ts'

const path = join(packageRoot, 'README.md')
const table = conformanceTable(conformanceScenarios, conformanceGaps)
const text = withTable(await readFile(path, 'utf8'), table)
await writeGenerated('conformance-table', [{ path, text }], process.argv.includes('--check'))
