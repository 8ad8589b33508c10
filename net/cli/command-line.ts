import { readFileSync } from 'node:fs'
import process from 'node:process'
import { Command, CommanderError } from 'commander'
import { systemErrorCode } from '../../engine/base/errors.ts'
import { benchCommand } from './commands/bench.ts'
import { brokerCommand } from './commands/broker.ts'
import { consumeCommand } from './commands/consume.ts'
import { dlqCommand } from './commands/dlq.ts'
import { namesrvCommand } from './commands/namesrv.ts'
import { produceCommand } from './commands/produce.ts'
import { standaloneCommand } from './commands/standalone.ts'
import { storeCommand } from './commands/store/store.ts'
import { reportFailure } from './failure.ts'

/** Exit code of a command that failed. */
const EXIT_FAILURE = 1
/** Exit code of a command line that cannot be understood. */
const EXIT_USAGE = 2

const DESCRIPTION =
  'Apache RocketMQ in one process: name server, broker, producer, consumer, benchmarks.'
const EXAMPLES = `
Environment:
  AGENA_DEBUG=1   show the stack of an error
`

/** In the order of the help. */
const COMMANDS = [
  standaloneCommand,
  namesrvCommand,
  brokerCommand,
  produceCommand,
  consumeCommand,
  dlqCommand,
  benchCommand,
  storeCommand,
]

/** Runs the command that `argv` names; the process ends with its exit code. */
export async function runCommandLine(argv: readonly string[]): Promise<void> {
  endQuietlyWhenNobodyReads()
  try {
    await createProgram().parseAsync(argv)
  } catch (error) {
    if (error instanceof CommanderError) {
      // Commander has said what is wrong, or has shown the help.
      process.exitCode = error.exitCode === 0 ? 0 : EXIT_USAGE
      return
    }
    reportFailure(error)
    // Whatever the failed command left open must not keep the process.
    process.exit(EXIT_FAILURE)
  }
}

/** The program with all its commands. Their work is loaded when they run. */
export function createProgram(): Command {
  const program = new Command('agena')
    .description(DESCRIPTION)
    .version(packageVersion(), '--version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .addHelpText('after', EXAMPLES)
  for (const command of COMMANDS) program.addCommand(command())
  settleErrors(program)
  return program
}

/** Errors in arguments point to the help of their command, and become exceptions. */
function settleErrors(command: Command): void {
  command.exitOverride().showHelpAfterError('(--help shows how to use it)')
  for (const child of command.commands) settleErrors(child)
}

function packageVersion(): string {
  const path = new URL('../../../package.json', import.meta.url)
  return String(JSON.parse(readFileSync(path, 'utf8')).version)
}

/** `agena consume | head` ends with its reader. */
function endQuietlyWhenNobodyReads(): void {
  process.stdout.on('error', (error) => {
    if (systemErrorCode(error) !== 'EPIPE') throw error
    process.exit(0)
  })
}
