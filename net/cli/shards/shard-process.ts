import { type ChildProcess, fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { unreachable } from '../../../engine/base/assert.ts'
import { deferred } from '../../../engine/base/deferred.ts'
import { AgenaError } from '../../../engine/base/errors.ts'
import type { TopicConfig } from '../../protocol/topic-config.ts'
import { ShardError } from './errors.ts'
import type { FromShard, ShardAddress, ShardSettings, ToShard } from './shard-messages.ts'

const PROGRAM = fileURLToPath(new URL('./shard-main.js', import.meta.url))
const STDERR_FD = 2

/**
 * One process of a shard, from its start to its end. The channel between the two is also what tells
 * a shard that the command is gone. It is in a session of its own: a terminal's signals go to the
 * command alone, which says what its shards do about them.
 */
export class ShardProcess {
  readonly brokerName: string
  /** Resolves when it takes requests; rejects with why it could not start. */
  readonly ready: Promise<ShardAddress>
  /** Resolves when the process has ended, with how, and never rejects. */
  readonly ended: Promise<string>
  readonly #child: ChildProcess
  readonly #onTopicMade: (topic: TopicConfig) => void
  readonly #ready = deferred<ShardAddress>()
  readonly #ended = deferred<string>()
  #readyMs: number | undefined
  /** What the shard itself says of why it ends. */
  #failure: string | undefined

  /** @param onTopicMade called with each topic that a first message makes there */
  constructor(settings: ShardSettings, onTopicMade: (topic: TopicConfig) => void) {
    this.#onTopicMade = onTopicMade
    this.brokerName = settings.config.brokerName
    this.ready = this.#ready.promise
    this.ended = this.#ended.promise
    // The name is for those who list processes. Standard output belongs to the command.
    this.#child = fork(PROGRAM, [this.brokerName], {
      stdio: ['ignore', STDERR_FD, STDERR_FD, 'ipc'],
      serialization: 'advanced',
      detached: true,
    })
    this.#child.on('message', (message) => this.#onMessage(message as FromShard))
    this.#child.on('exit', (code, signal) => this.#onEnd(signal ?? `exit code ${code}`))
    this.#child.on('error', (error) => {
      if (this.pid === undefined) this.#onEnd(error.message)
    })
    this.#tell({ kind: 'start', ...settings })
  }

  /** Undefined when there is no such process because it could not be made. */
  get pid(): number | undefined {
    return this.#child.pid
  }

  /** How long it has been ready, in milliseconds; 0 when it is not. */
  get ranMs(): number {
    return this.#readyMs === undefined ? 0 : performance.now() - this.#readyMs
  }

  /** Whether it is ready and has not ended. */
  get isRunning(): boolean {
    return this.#readyMs !== undefined && this.#child.connected
  }

  /** Has it make a topic that another shard has made. */
  addTopic(topic: TopicConfig): void {
    this.#tell({ kind: 'add-topic', topic })
  }

  /** Has it stop as a signal would, and waits for its end. */
  async stop(): Promise<void> {
    this.#tell({ kind: 'stop' })
    await this.ended
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL')
  }

  #onMessage(message: FromShard): void {
    switch (message.kind) {
      case 'ready':
        this.#readyMs = performance.now()
        this.#ready.resolve(message)
        return
      case 'failed': {
        const { text, code = 'SHARD_FAILED' } = message
        this.#failure = `could not start: ${text} (${code})`
        this.#ready.reject(new AgenaError(code, `shard ${this.brokerName}: ${text}`))
        return
      }
      case 'topic-made':
        this.#onTopicMade(message.topic)
        return
      default:
        unreachable(message)
    }
  }

  #onEnd(how: string): void {
    this.#ended.resolve(this.#failure ?? `ended: ${how}`)
    const message = `shard ${this.brokerName} ended before it was ready: ${how}`
    this.#ready.reject(new ShardError('SHARD_FAILED', message))
  }

  /** A process that does not hear it any more has ended, or is about to: {@link ended} tells. */
  #tell(message: ToShard): void {
    if (this.#child.connected) this.#child.send(message, () => undefined)
  }
}
