import type { ConformanceGap, ConformanceScenario } from './catalogue.ts'

export const TABLE_BEGIN = '<!-- conformance matrix, by dist/scripts/conformance-table.js -->'
export const TABLE_END = '<!-- end of the conformance matrix -->'

/** The columns besides the control, as the file of gaps names them and as people do. */
const COLUMNS: readonly (readonly [string, string])[] = [
  ['java-agena', 'Java client, Agena broker'],
  ['agena-java', 'Agena client, Java broker'],
  ['agena-agena', 'Agena client, Agena broker'],
]

/** The table of the scenarios: what is the same as with RocketMQ alone, and what is not and why. */
export function conformanceTable(
  scenarios: readonly ConformanceScenario[],
  gaps: readonly ConformanceGap[],
): string {
  const notes = [...new Set(gaps.map(({ why }) => why))]
  const cellOf = (scenario: string, column: string): string => {
    const gap = gaps.find((row) => row.scenario === scenario && row.column === column)
    return gap === undefined ? 'same' : `differs (${notes.indexOf(gap.why) + 1})`
  }
  const rows = [
    ['scenario', ...COLUMNS.map(([, title]) => title)],
    ...scenarios.map(({ name, title }) => [
      title,
      ...COLUMNS.map(([column]) => cellOf(name, column)),
    ]),
  ]
  const text = aligned(rows)
  return notes.length === 0 ? text : `${text}\n\n${notes.map(numbered).join('\n')}`
}

/**
 * `readme` with the table between its marks.
 * @throws {Error} when the marks are missing
 */
export function withTable(readme: string, table: string): string {
  const begin = readme.indexOf(TABLE_BEGIN)
  const end = readme.indexOf(TABLE_END)
  if (begin < 0 || end < begin)
    throw new Error(`the README has no "${TABLE_BEGIN}" before "${TABLE_END}"`)
  return `${readme.slice(0, begin + TABLE_BEGIN.length)}\n\n${table}\n\n${readme.slice(end)}`
}

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, at) => Math.max(...rows.map((row) => row[at]!.length)))
  const lines = rows.map(
    (row) => `| ${row.map((cell, at) => cell.padEnd(widths[at]!)).join(' | ')} |`,
  )
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`
  return [lines[0], rule, ...lines.slice(1)].join('\n')
}

function numbered(note: string, at: number): string {
  return `${at + 1}. ${note}`
}
