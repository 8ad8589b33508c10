import process from 'node:process'
import { Command } from 'commander'

const EXAMPLES = `
Reads what "agena store export" printed from standard input, and appends it. The directory is made
when it is missing; no broker may be running on it. Messages keep their queue, keys, tags,
properties and flag; their offsets and times are new. A broker serves a topic that its own table
has: make it there, with as many queues, by "mqadmin updateTopic".

Examples:
  agena store import other-data < orders.ndjson
  agena store import other-data --topic OrdersAgain < orders.ndjson
  echo '{"topic":"T","body":"hello","keys":"k1 k2"}' | agena store import other-data
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
