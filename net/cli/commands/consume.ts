import { Command, InvalidArgumentError } from 'commander'
import type { ConsumeFrom } from '../../client/index.ts'
import { addressesArgument, integerArgument } from '../arguments.ts'
import type { ConsumeArguments } from '../consume-messages.ts'

const EXAMPLES = `
With -g the messages are shared with the other members of the group, the group's offsets are kept,
and --from counts only where the group has none yet. Without -g it only looks: it sees every message
from there on, and nothing is kept.

Examples:
  agena consume -t Greetings                            what is sent from now on
  agena consume -t Greetings --from first --count 10
  agena consume -t Greetings --from 2026-01-31T12:00:00Z --json
  agena consume -t Greetings -g readers --from first --tags 'formal || polite'
`

/** `agena consume`. */
export function consumeCommand(): Command {
  return new Command('consume')
    .description('Print messages as they arrive, one a line, until Ctrl+C.')
    .requiredOption('-t, --topic <name>', 'topic')
    .option('-n, --namesrv <addresses>', 'name servers', addressesArgument, '127.0.0.1:9876')
    .option('-g, --group <name>', 'consumer group (default: none, only look)')
    .option('--from <place>', "'first', 'last' or a time", fromArgument, 'last')
    .option('--tags <expression>', "tags as 'a || b'", '*')
    .option('--count <n>', 'end after this many messages', integerArgument(1))
    .option('--json', 'print one JSON object a message')
    .addHelpText('after', EXAMPLES)
    .action(async (options: ConsumeArguments) => {
      const { consumeMessages } = await import('../consume-messages.ts')
      await consumeMessages(options)
    })
}

/** A time is what `Date` reads, or milliseconds since 1970. */
function fromArgument(text: string): ConsumeFrom {
  if (text === 'first' || text === 'last') return text
  const time = new Date(/^\d+$/.test(text) ? Number(text) : text)
  if (!Number.isNaN(time.getTime())) return time
  throw new InvalidArgumentError("It must be 'first', 'last' or a time as 2026-01-31T12:00:00Z.")
}
