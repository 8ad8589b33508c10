import process from 'node:process'
import { Command } from 'commander'
import { bytesArgument } from '../../arguments.ts'

const EXAMPLES = `
Every record is read: its lengths, its checksum, and whether it stands at the place that it names.
Nothing in the directory is changed, and a broker may be running on it. The exit code is 1 when
something is damaged.

Examples:
  agena store verify agena-data
  agena store verify agena-data --all            the consume queues too
  agena store verify agena-data --rate 20MiB     beside a broker that needs the disk
`

interface VerifyArguments {
  readonly all?: boolean
  readonly rate?: number
  readonly json?: boolean
  readonly quiet?: boolean
}

/** `agena store verify`. */
export function verifyCommand(): Command {
  return new Command('verify')
    .description('look for damage in the log, and in the queues')
    .argument('<dir>', 'the store: the folder that holds commitlog/')
    .option('--all', 'hold the consume queues to the log too')
    .option('--rate <bytes>', 'read at most this much a second', bytesArgument)
    .option('--json', 'print JSON')
    .option('--quiet', 'show no progress')
    .addHelpText('after', EXAMPLES)
    .action(verify)
}

async function verify(directory: string, options: VerifyArguments): Promise<void> {
  const { verifyStore } = await import('../../../../workers/verify-store.ts')
  const { createByteProgress } = await import('../../byte-progress.ts')
  const { formatVerification, verificationReport } = await import(
    '../../inspect/format-verification.ts'
  )
  const progress = await createByteProgress(process.stderr, 'verify', options.quiet === true)
  try {
    const verification = await verifyStore(directory, {
      queues: options.all === true,
      bytesPerSecond: options.rate,
      onProgress: progress.show,
    })
    progress.end()
    const report = verificationReport(directory, verification)
    const text =
      options.json === true
        ? `${JSON.stringify(report, undefined, 2)}\n`
        : formatVerification(report)
    process.stdout.write(text)
    if (report.damages.length + report.queueDamageCount > 0) process.exitCode = 1
  } finally {
    progress.end()
  }
}
