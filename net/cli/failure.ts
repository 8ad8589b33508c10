import process from 'node:process'
import { inspect } from 'node:util'
import { AgenaError, describeError, systemErrorCode } from '../../engine/base/errors.ts'

/** Says on standard error, in one line, why a command failed; with AGENA_DEBUG=1 also where. */
export function reportFailure(error: unknown): void {
  process.stderr.write(`agena: ${failureLine(error)}\n`)
  if (process.env['AGENA_DEBUG'] === '1') process.stderr.write(`${inspect(error)}\n`)
}

/** What went wrong, with the code by which scripts and readers of the documentation know it. */
export function failureLine(error: unknown): string {
  const text = describeError(error).replace(/\s*\n\s*/g, ' ')
  if (error instanceof AgenaError) return `${text} (${error.code})`
  // A system error names its own code.
  if (systemErrorCode(error) !== undefined) return text
  return `internal error: ${text} (AGENA_DEBUG=1 shows where)`
}
