import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../java/package-root.ts'

/** A scenario of the conformance matrix. */
export interface ConformanceScenario {
  readonly name: string
  readonly title: string
}

/** A pair of client and broker with which a scenario shows something else than Java's pair. */
export interface ConformanceGap {
  readonly scenario: string
  readonly column: string
  readonly why: string
}

const FOLDER = join(packageRoot, 'test/interop/conformance')

/** All scenarios, in the order of the table. */
export const conformanceScenarios: readonly ConformanceScenario[] = Object.entries(
  readJson('scenarios.json') as Readonly<Record<string, string>>,
).map(([name, title]) => ({ name, title }))

/** What is known to differ. The list may only shrink: what differs no more fails the matrix. */
export const conformanceGaps = readJson('gaps.json') as readonly ConformanceGap[]

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, name), 'utf8'))
}
