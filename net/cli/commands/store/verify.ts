import process from 'node:process'
import { Command } from 'commander'
import { bytesArgument } from '../../arguments.ts'

const EXAMPLES = `
A segment that is full and was hashed since, as a running broker does, is compared with its hashes,
which cover every byte. Of all others each record is read: its lengths, its checksum, and whether it
stands at the place that it names. Nothing in the directory is changed, and a broker may be running
on it. The exit code is 1 when something is damaged.

Examples:
  agena store verify agena-data
  agena store verify agena-data --all            every record, the consume queues and the index too
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
    .option('--all', 'read every record, and hold consume queues and index to the log')
    .option('--rate <bytes>', 'read at most this much a second', bytesArgument)
    .option('--json', 'print JSON')
    .option('--quiet', 'show no progress')
    .addHelpText('after', EXAMPLES)
    .action(verify)
}

async function verify(directory: string, options: VerifyArguments): Promise<void> {
  const { verifyStore } = await import('../../../../workers/verify-store.ts')
  const { createByteProgress } = await import('../../byte-progress.ts')
  const { verificationReport } = await import('../../inspect/verification-report.ts')
  const form = options.quiet === true ? 'nothing' : 'bar'
  const progress = await createByteProgress(process.stderr, 'verify', form)
  try {
    const verification = await verifyStore(directory, {
      all: options.all === true,
      bytesPerSecond: options.rate,
      onProgress: progress.show,
    })
    progress.end()
    const report = verificationReport(directory, verification)
    if (report.isDamaged) process.exitCode = 1
    if (options.json === true) {
      process.stdout.write(`${JSON.stringify(report, undefined, 2)}\n`)
      return
    }
    const { formatVerification } = await import('../../inspect/format-verification.ts')
    process.stdout.write(formatVerification(report))
  } finally {
    progress.end()
  }
}
