import process from 'node:process'
import { Command } from 'commander'

const EXAMPLES = `
Reads what "agena store export" printed from standard input, and appends it. The directory is made
when it is missing; no broker may be running on it. Messages keep their queue, keys, tags and
properties; their offsets and times are new.

Examples:
  agena store import other-data < orders.ndjson
  agena store import other-data --topic OrdersAgain < orders.ndjson
`

/** `agena store import`. */
export function importCommand(): Command {
  return new Command('import')
    .description('append exported messages to a store')
    .argument('<dir>', 'the store: the folder that holds, or will hold, commitlog/')
    .option('--topic <name>', 'append all of them to this topic')
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, { topic }: { topic?: string }) => {
      const { importMessages } = await import('../../transfer/import-messages.ts')
      const count = await importMessages(process.stdin, directory, topic)
      process.stdout.write(`${count} messages appended\n`)
    })
}
