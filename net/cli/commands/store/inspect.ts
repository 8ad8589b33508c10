import process from 'node:process'
import { Command } from 'commander'

const EXAMPLES = `
Nothing in the directory is changed, and a broker may be running on it.

Examples:
  agena store inspect agena-data
  agena store inspect /var/lib/rocketmq/store --json | jq '.queues[] | select(.topic == "Orders")'
`

interface InspectArguments {
  readonly json?: boolean
}

/** `agena store inspect`. */
export function inspectCommand(): Command {
  return new Command('inspect')
    .description('show segments, topics, queues, index files and checkpoint')
    .argument('<dir>', 'the store: the folder that holds commitlog/')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(inspect)
}

async function inspect(directory: string, { json }: InspectArguments): Promise<void> {
  const { inspectStore } = await import('../../inspect/inspect-store.ts')
  const inspection = inspectStore(directory)
  if (json === true) {
    process.stdout.write(`${JSON.stringify(inspection, undefined, 2)}\n`)
    return
  }
  const { formatInspection } = await import('../../inspect/format-inspection.ts')
  process.stdout.write(formatInspection(inspection))
}
