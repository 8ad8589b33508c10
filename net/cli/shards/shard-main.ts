/**
 * The process of one shard, which the command forks. It ends as a broker does that gets a signal:
 * when the command says so, when the command is gone, however that ended, or by a signal.
 */
import process from 'node:process'
import { unreachable } from '../../../engine/base/assert.ts'
import { deferred } from '../../../engine/base/deferred.ts'
import { AgenaError, describeError } from '../../../engine/base/errors.ts'
import { type Logger, stderrLogger } from '../../../engine/base/logger.ts'
import type { Broker } from '../../broker/broker.ts'
import type { FromShard, ShardSettings, ToShard } from './shard-messages.ts'

const EXIT_FAILURE = 1

const settings = deferred<ShardSettings>()
const stopped = deferred<void>()
const started = deferred<Broker>()

listenToCommand()
await run(await Promise.race([settings.promise, stopped.promise.then(() => undefined)]))

function listenToCommand(): void {
  process.on('message', (message: ToShard) => {
    void onMessage(message)
  })
  process.on('disconnect', stopped.resolve)
  process.on('SIGTERM', () => stopped.resolve())
  // It may have gone before there was anyone to hear of it.
  if (!process.connected) stopped.resolve()
}

async function onMessage(message: ToShard): Promise<void> {
  switch (message.kind) {
    case 'start':
      settings.resolve(message)
      return
    case 'add-topic':
      ;(await started.promise).addTopic(message.topic)
      return
    case 'stop':
      stopped.resolve()
      return
    default:
      unreachable(message)
  }
}

async function run(given: ShardSettings | undefined): Promise<void> {
  if (given === undefined) return process.exit(0)
  const broker = await startBroker(given)
  broker.onTopicMade((topic) => void tell({ kind: 'topic-made', topic }))
  started.resolve(broker)
  const { listenAddress, address, port } = broker
  await tell({ kind: 'ready', listenAddress, address, port })
  await stopped.promise
  const { stopServer } = await import('../server-process.ts')
  await stopServer(broker)
}

/** Loads what a broker takes: the handlers for the end are there before. */
async function startBroker({ config }: ShardSettings): Promise<Broker> {
  const { Broker } = await import('../../broker/broker.ts')
  const { createScanProgress } = await import('../scan-progress.ts')
  const { brokerName } = config
  try {
    return await Broker.start(config, {
      logger: namedLogger(brokerName),
      onScanProgress: createScanProgress(brokerName),
    })
  } catch (error) {
    const code = error instanceof AgenaError ? error.code : undefined
    await tell({ kind: 'failed', code, text: describeError(error) })
    return process.exit(EXIT_FAILURE)
  }
}

/** Resolves when the command has it, or is gone. */
function tell(message: FromShard): Promise<void> {
  return new Promise((resolve) => {
    if (process.connected) process.send?.(message, undefined, undefined, () => resolve())
    else resolve()
  })
}

/** All shards write to one standard error: each line says whose it is. */
function namedLogger(name: string): Logger {
  return {
    info: (message) => stderrLogger.info(`${name}: ${message}`),
    warn: (message) => stderrLogger.warn(`${name}: ${message}`),
    error: (message) => stderrLogger.error(`${name}: ${message}`),
  }
}
