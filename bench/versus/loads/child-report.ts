import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)
const OUTPUT_BYTES_MAX = 16 * 1024 * 1024
/** Longer than anything a row does, its preparation included. */
const TIMEOUT_MS = 300_000

/** Runs a program to its end; what its last line of standard output says, as JSON, or all lines. */
export async function runForJson<T>(command: string, words: readonly string[]): Promise<T> {
  const options = { maxBuffer: OUTPUT_BYTES_MAX, timeout: TIMEOUT_MS, encoding: 'utf8' as const }
  try {
    const { stdout } = await run(command, [...words], options)
    return JSON.parse(stdout) as T
  } catch (cause) {
    throw new Error(reasonOf(cause), { cause })
  }
}

/** The line in which a program that failed says why. */
function reasonOf(error: unknown): string {
  const { stderr, message, killed } = error as Error & { stderr?: string; killed?: boolean }
  if (killed === true) return `not done in ${TIMEOUT_MS / 1000} s`
  const lines = (stderr ?? '').split('\n').filter((line) => line.trim() !== '')
  return lines.find((line) => /error|agena/i.test(line)) ?? lines.at(-1) ?? message
}
