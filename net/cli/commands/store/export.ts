import { Command, InvalidArgumentError } from 'commander'
import { integerArgument } from '../../arguments.ts'
import type { ExportPlace } from '../../transfer/export-topic.ts'

const EXAMPLES = `
One line of JSON a message, queue by queue; a body that is no text in UTF-8 is in base64, as
bodyEncoding says. A place is a queue offset, or a time as 2026-01-31T12:00Z. Nothing in the
directory is changed, and a broker may be running on it.

Examples:
  agena store export agena-data Orders > orders.ndjson
  agena store export agena-data Orders --queue 2 --from 1000 --to 2000
  agena store export agena-data Orders --from 2026-01-31T12:00Z | jq -r .body
`

interface ExportArguments {
  readonly queue?: number
  readonly from?: ExportPlace
  readonly to?: ExportPlace
}

/** `agena store export`. */
export function exportCommand(): Command {
  return new Command('export')
    .description('print the messages of a topic')
    .argument('<dir>', 'the store: the folder that holds commitlog/')
    .argument('<topic>', 'topic')
    .option('--queue <id>', 'one queue only', integerArgument(0))
    .option('--from <place>', 'first message', placeArgument)
    .option('--to <place>', 'place behind the last message', placeArgument)
    .addHelpText('after', EXAMPLES)
    .action(async (directory: string, topic: string, options: ExportArguments) => {
      const { exportTopic } = await import('../../transfer/export-topic.ts')
      const { queue: queueId, from, to } = options
      await exportTopic({ directory, topic, queueId, from, to })
    })
}

function placeArgument(text: string): ExportPlace {
  if (/^\d+$/.test(text)) return { offset: Number(text) }
  const timestampMs = Date.parse(text)
  if (!Number.isNaN(timestampMs)) return { timestampMs }
  throw new InvalidArgumentError('It must be a queue offset, or a time as 2026-01-31T12:00Z.')
}
