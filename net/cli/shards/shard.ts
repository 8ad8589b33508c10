import type { Logger } from '../../../engine/base/logger.ts'
import type { TopicConfig } from '../../protocol/topic-config.ts'
import { ShardError } from './errors.ts'
import { RestartPolicy, type RestartTimes } from './restart-policy.ts'
import type { ShardAddress, ShardSettings } from './shard-messages.ts'
import { ShardProcess } from './shard-process.ts'

/** What a shard is given besides its settings. */
export interface ShardExtras {
  readonly logger: Logger
  readonly restartTimes: RestartTimes
  /** Called with each topic that a first message makes there. */
  readonly onTopicMade: (topic: TopicConfig) => void
  /** Called when it ended too often and is not started again. */
  readonly onGivenUp: (reason: ShardError) => void
}

/** One broker in a process of its own, which is started again when it ends untold. */
export class Shard {
  readonly brokerName: string
  readonly #settings: ShardSettings
  readonly #extras: ShardExtras
  readonly #restarts: RestartPolicy
  /** Made by others while it did not run. */
  readonly #missedTopics: TopicConfig[] = []
  #process: ShardProcess
  #address: ShardAddress | undefined
  #isStopping = false
  /** Ends the wait for the next start. */
  #endPause: () => void = () => undefined

  /** Starts its first process; {@link started} tells how that goes. */
  constructor(settings: ShardSettings, extras: ShardExtras) {
    this.brokerName = settings.config.brokerName
    this.#settings = settings
    this.#extras = extras
    this.#restarts = new RestartPolicy(extras.restartTimes)
    this.#process = new ShardProcess(settings, extras.onTopicMade)
  }

  /** Where it is reached; undefined until it is ready for the first time. */
  get address(): ShardAddress | undefined {
    return this.#address
  }

  /** Undefined where the system makes no process for it. */
  get pid(): number | undefined {
    return this.#process.pid
  }

  /** Resolves when it takes requests, and watches over it from then on. Rejects with why not. */
  async started(): Promise<void> {
    this.#address = await this.#process.ready
    this.#makeMissedTopics()
    void this.#supervise()
  }

  /** Has it make a topic that another shard has made, as soon as it runs. */
  addTopic(topic: TopicConfig): void {
    if (this.#process.isRunning) this.#process.addTopic(topic)
    else this.#missedTopics.push(topic)
  }

  /** Has it stop, and waits for its end. */
  async stop(): Promise<void> {
    this.#isStopping = true
    this.#endPause()
    await this.#process.stop()
  }

  /** Ends it at once. */
  kill(): void {
    this.#process.kill()
  }

  async #supervise(): Promise<void> {
    const { logger, onGivenUp } = this.#extras
    for (;;) {
      const how = await this.#process.ended
      if (this.#isStopping) return
      const name = `shard ${this.brokerName} (pid ${this.pid}) ${how}`
      const waitMs = this.#restarts.afterEnd(this.#process.ranMs)
      if (waitMs === undefined) {
        const message = `${name}; it has ended too often to be started again`
        onGivenUp(new ShardError('SHARD_FAILED', message))
        return
      }
      logger.error(`${name}; it is started again in ${waitMs} ms`)
      await this.#pause(waitMs)
      if (this.#isStopping) return
      await this.#startAgain()
    }
  }

  async #startAgain(): Promise<void> {
    this.#process = new ShardProcess(this.#settings, this.#extras.onTopicMade)
    const ready = this.#process.ready
    // How it ended says why it is not ready.
    this.#address = (await ready.catch(() => undefined)) ?? this.#address
    if (this.#process.ranMs === 0) return
    this.#makeMissedTopics()
    const { pid } = this.#process
    const where = this.#address?.listenAddress
    this.#extras.logger.info(`shard ${this.brokerName} is ready again at ${where}, pid ${pid}`)
  }

  #makeMissedTopics(): void {
    for (const topic of this.#missedTopics.splice(0)) this.#process.addTopic(topic)
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
