/**
 * `npm run bench -- [WORD… --time MS --json]`: times the parts that every message goes through, or
 * those of the suites whose name has one of the words.
 */
import process from 'node:process'
import { parseArgs } from 'node:util'
import Table from 'cli-table3'
import { MIB } from '../engine/base/units.ts'
import { type Measurement, measureSuite } from './measure.ts'
import { suites } from './suites.ts'

const TIME_MS_DEFAULT = 500

const { values, positionals: filters } = parseArgs({
  allowPositionals: true,
  options: {
    time: { type: 'string', default: String(TIME_MS_DEFAULT) },
    json: { type: 'boolean', default: false },
  },
})
const timeMs = Number(values.time)
if (!(timeMs > 0)) throw new TypeError(`--time ${values.time} is no time in milliseconds`)

const measurements: Measurement[] = []
for (const suite of suites) {
  if (filters.length > 0 && !filters.some((filter) => suite.name.includes(filter))) continue
  process.stderr.write(`${suite.name} …\n`)
  measurements.push(...(await measureSuite(suite, timeMs)))
}
const text = values.json ? JSON.stringify(measurements, undefined, 2) : formatTable(measurements)
process.stdout.write(`${text}\n`)

function formatTable(rows: readonly Measurement[]): string {
  const table = new Table({
    head: ['suite', 'task', 'ns each', '±', 'each/s', 'MiB/s'],
    colAligns: ['left', 'left', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  })
  for (const row of rows) {
    table.push([
      row.suite,
      row.task,
      row.nsPerUnit.toFixed(1),
      `${row.spreadPercent.toFixed(0)} %`,
      Math.round(row.unitsPerSecond).toLocaleString('en-US'),
      row.bytesPerSecond === undefined ? '' : (row.bytesPerSecond / MIB).toFixed(0),
    ])
  }
  return table.toString()
}
