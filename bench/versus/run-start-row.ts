import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { runLoads } from './loads/bench-command.ts'
import type { Sample } from './measures/metrics.ts'
import type { VersusOptions } from './options.ts'
import { startSample, startSide } from './sides/broker-pair.ts'
import type { SideName } from './sides/side.ts'

/**
 * How long a broker takes to be ready after a clean stop, and how much memory it then holds that no
 * file backs.
 */
export async function measureStart(
  name: SideName,
  messageCount: number,
  options: VersusOptions,
): Promise<Sample> {
  const directory = join(options.directory, 'start')
  try {
    if (messageCount > 0) await fill(name, messageCount, directory, options)
    const side = await startSide(name, directory, 'async', options)
    try {
      return startSample(side)
    } finally {
      await side.kill()
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

async function fill(
  name: SideName,
  messageCount: number,
  directory: string,
  options: VersusOptions,
): Promise<void> {
  const side = await startSide(name, directory, 'async', options)
  try {
    const place = { broker: side.broker, pid: side.brokerPid, dataDirectory: directory }
    const words = ['--size', '128', '--count', String(messageCount)]
    await runLoads([{ benchmark: 'send', words }], place, { durationMs: 1, warmupMs: 0 })
  } finally {
    await side.stop()
  }
}
