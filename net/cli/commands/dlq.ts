import { Command } from 'commander'
import { addressesArgument, integerArgument } from '../arguments.ts'
import type { DeadLetterArguments, ResendArguments } from '../dead-letters.ts'

const EXAMPLES = `
Dead letters are messages that a group could not consume in all its tries. They stay where they are,
also when they were sent again, until the log expires.

Examples:
  agena dlq list readers                     when, id, tries, origin topic, origin id; one a line
  agena dlq read readers --id 7F00…          its body
  agena dlq read readers --json              everything, one JSON object a message
  agena dlq resend readers --id 7F00…        once more to this group alone
  agena dlq resend readers --all --to-topic  to the topic that they came from, for all its groups
`

const RESEND_HELP = `
A message goes back to the group alone, as a retry whose tries begin anew; with --to-topic to every
group of its topic. Its id, origin topic and origin id stay the same. A group that consumes in order
takes no retries: use --to-topic.
`

/** `agena dlq`. */
export function dlqCommand(): Command {
  return new Command('dlq')
    .description('List, read and send again the dead letters of a consumer group.')
    .addCommand(
      lookingCommand('list', 'Say of each dead letter where it came from.').action(
        async (group: string, options: DeadLetterArguments) => {
          const { listDeadLetters } = await import('../dead-letters.ts')
          await listDeadLetters(group, options)
        },
      ),
    )
    .addCommand(
      lookingCommand('read', 'Print the bodies of dead letters, one a line.').action(
        async (group: string, options: DeadLetterArguments) => {
          const { readDeadLetters } = await import('../dead-letters.ts')
          await readDeadLetters(group, options)
        },
      ),
    )
    .addCommand(
      groupCommand('resend', 'Send dead letters once more.')
        .option('--all', 'all of them')
        .option('--to-topic', 'to their topic, for all its groups')
        .addHelpText('after', RESEND_HELP)
        .action(async (group: string, options: ResendArguments) => {
          const { resendDeadLetters } = await import('../dead-letters.ts')
          await resendDeadLetters(group, options)
        }),
    )
    .addHelpText('after', EXAMPLES)
}

function groupCommand(name: string, description: string): Command {
  return new Command(name)
    .description(description)
    .argument('<group>', 'consumer group')
    .option('-n, --namesrv <addresses>', 'name servers', addressesArgument, '127.0.0.1:9876')
    .option('--id <id...>', 'only these, by their id or their origin id')
}

function lookingCommand(name: string, description: string): Command {
  return groupCommand(name, description)
    .option('--count <n>', 'end after this many', integerArgument(1))
    .option('--json', 'print one JSON object a message')
}
