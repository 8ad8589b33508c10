import process from 'node:process'
import { Command } from 'commander'

const EXAMPLES = `
For a store that is not opened because its log is damaged. The log is cut at the damage: what is cut
is kept in the folder agena of the store, and is no longer served. Queues and index follow at the
next start of a broker. Nothing may run on the directory.

Examples:
  agena store repair agena-data --dry-run
  agena store repair agena-data
`

interface RepairArguments {
  readonly dryRun?: boolean
  readonly all?: boolean
}

/** `agena store repair`. */
export function repairCommand(): Command {
  return new Command('repair')
    .description('cut the log of a store where damage keeps it from being opened')
    .argument('<dir>', 'the store: the folder that holds commitlog/')
    .option('--dry-run', 'only say what is damaged and what would be done')
    .option('--all', 'cut at the first damage of the whole log, also where a start does not look')
    .addHelpText('after', EXAMPLES)
    .action(repair)
}

async function repair(directory: string, { dryRun, all }: RepairArguments): Promise<void> {
  const { nodeFileSystem } = await import('../../../../engine/file/node-file-system.ts')
  const { repairStore } = await import('../../../../engine/store/store-repair.ts')
  const { formatRepair } = await import('../../inspect/format-repair.ts')
  const isDryRun = dryRun === true
  const options = { isDryRun, isWholeLog: all === true }
  const found = repairStore(nodeFileSystem(), directory, options)
  process.stdout.write(formatRepair(found, { isDryRun }))
}
