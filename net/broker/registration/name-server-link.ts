import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { decodeHeader } from '../../protocol/header-table.ts'
import { decodeBody } from '../../protocol/json-shape.ts'
import { QueryDataVersionResponseHeader } from '../../protocol/register-broker.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { KVTable } from '../../protocol/runtime-info.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { RemotingClient } from '../../remoting/remoting-client.ts'
import type { RemotingCommand } from '../../remoting/remoting-command.ts'
import { settledBefore } from '../../remoting/settled-before.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import type { RegisteredTopics, RegistrationRequests } from './registration-requests.ts'

/** Wait before another attempt where one failed, in milliseconds. */
const RETRY_MS = 1_000
/** Longest time between two registrations that counts, in milliseconds: name servers forget a
 *  broker after 120 s (Java: BrokerController.start). */
const INTERVAL_MS_MAX = 60_000
/** A broker whose thousands of topics are made one by one has something else to do than to write
 *  all of them down each time: a tenth of its time may go into that … */
const REST_PER_WORK = 10
/** … beyond this much at once, in milliseconds. Until then changes are gathered. */
const BURST_WORK_MS = 50

export interface NameServerLinkParts {
  readonly config: BrokerConfig
  readonly client: RemotingClient
  readonly requests: RegistrationRequests
  readonly topics: Pick<RegisteredTopics, 'markOrdered'>
  readonly logger: Logger
}

/** Keeps the broker registered with one name server, whatever becomes of the others. */
export class NameServerLink {
  readonly #address: string
  readonly #parts: NameServerLinkParts
  #running: Promise<void> | undefined
  /** Something happened that the attempt in progress may not have told. */
  #isStale = false
  /** The name server is told everything, even if it seems to know it. */
  #isForced = true
  /** The name server may know this broker. */
  #wasSent = false
  #isClosed = false
  /** Work on registrations that no rest has made up for, in milliseconds, and as of when. */
  #workMs = 0
  #workedAtMs = 0
  #timer: NodeJS.Timeout | undefined
  #connection: Connection | undefined
  /** What failed last: nothing when empty, unknown when undefined. */
  #failure: string | undefined

  constructor(address: string, parts: NameServerLinkParts) {
    this.#address = address
    this.#parts = parts
  }

  /**
   * Registers, after an attempt in progress. Resolves when that was tried, or put off for being
   * too soon after the last one; failures are logged.
   */
  register(): Promise<void> {
    this.#isForced = true
    return this.#refresh()
  }

  /** Ends the attempts and unregisters, in no more than `timeoutMs`. */
  async close(timeoutMs: number): Promise<void> {
    const deadlineMs = performance.now() + timeoutMs
    this.abort()
    // The name server may handle requests in any order: unregister when nothing is on its way.
    if (this.#running !== undefined) await settledBefore(deadlineMs, this.#running)
    const leftMs = deadlineMs - performance.now()
    if (!this.#wasSent || leftMs <= 0) return
    const { client, requests, logger } = this.#parts
    try {
      const answer = await client.invoke(this.#address, requests.unregister(), leftMs)
      if (answer.code !== ResponseCode.SUCCESS) logger.warn(this.#refusal(answer))
    } catch (error) {
      logger.warn(`cannot unregister from name server ${this.#address}: ${describeError(error)}`)
    }
  }

  /** Ends the attempts. */
  abort(): void {
    this.#isClosed = true
    clearTimeout(this.#timer)
  }

  #refresh(): Promise<void> {
    if (this.#isClosed) return Promise.resolve()
    this.#isStale = true
    if (this.#running === undefined && this.#restMs() > 0) {
      this.#refreshIn(this.#restMs())
      return Promise.resolve()
    }
    this.#running ??= this.#run()
    return this.#running
  }

  async #run(): Promise<void> {
    clearTimeout(this.#timer)
    let isDone: boolean
    do {
      this.#isStale = false
      isDone = await this.#attempt()
    } while (this.#isStale && !this.#isClosed && this.#restMs() === 0)
    this.#running = undefined
    if (this.#isStale) return this.#refreshIn(this.#restMs())
    const intervalMs = Math.min(this.#parts.config.registerIntervalMs, INTERVAL_MS_MAX)
    this.#refreshIn(isDone ? intervalMs : RETRY_MS)
  }

  #restMs(): number {
    const restUntilMs = this.#workedAtMs + (this.#workMs - BURST_WORK_MS) * REST_PER_WORK
    return Math.max(0, restUntilMs - performance.now())
  }

  #refreshIn(waitMs: number): void {
    clearTimeout(this.#timer)
    if (this.#isClosed) return
    this.#timer = setTimeout(() => void this.#refresh(), waitMs)
    this.#timer.unref()
  }

  /** True when the name server has everything. */
  async #attempt(): Promise<boolean> {
    const { client, config } = this.#parts
    const isForced = this.#isForced || config.forceRegister
    this.#isForced = false
    try {
      const connection = await client.connection(this.#address, config.registerTimeoutMs)
      this.#watch(connection)
      if (!isForced && (await this.#isKnown(connection))) return true
      this.#wasSent = true
      const answer = await connection.invoke(this.#registration(), config.registerTimeoutMs)
      const isDone = answer.code === ResponseCode.SUCCESS
      if (isDone) this.#succeeded(answer)
      else this.#failed(this.#refusal(answer))
      return isDone
    } catch (error) {
      this.#failed(`cannot register with name server ${this.#address}: ${describeError(error)}`)
      return false
    }
  }

  #registration(): RemotingCommand {
    const startMs = performance.now()
    const request = this.#parts.requests.register()
    const endMs = performance.now()
    const restedMs = (startMs - this.#workedAtMs) / REST_PER_WORK
    this.#workMs = Math.max(0, this.#workMs - restedMs) + (endMs - startMs)
    this.#workedAtMs = endMs
    return request
  }

  /** A name server that lost its connection to a broker has forgotten it. */
  #watch(connection: Connection): void {
    if (connection === this.#connection) return
    this.#connection = connection
    void connection.closed.then(() => {
      if (this.#connection !== connection) return
      this.#isForced = true
      if (this.#failure === '') this.#failure = undefined
      // An attempt in progress sets the time of the next by what becomes of it.
      if (this.#running === undefined) this.#refreshIn(RETRY_MS)
    })
  }

  async #isKnown(connection: Connection): Promise<boolean> {
    const { config, requests } = this.#parts
    const answer = await connection.invoke(requests.queryDataVersion(), config.registerTimeoutMs)
    if (answer.code !== ResponseCode.SUCCESS) return false
    return !decodeHeader(QueryDataVersionResponseHeader, answer.extFields).changed
  }

  #succeeded({ body }: RemotingCommand): void {
    const { logger, topics } = this.#parts
    // Topics whose order was configured at the name server (Java: updateOrderTopicConfig).
    if (body.length > 0) topics.markOrdered(decodeBody(KVTable, body).table.keys())
    if (this.#failure !== '') logger.info(`registered with name server ${this.#address}`)
    this.#failure = ''
  }

  /** Says a failure once, however often it repeats. */
  #failed(message: string): void {
    this.#isForced = true
    if (this.#failure !== message) this.#parts.logger.warn(message)
    this.#failure = message
  }

  #refusal({ code, remark }: RemotingCommand): string {
    return `name server ${this.#address} refuses this broker: ${remark ?? `code ${code}`}`
  }
}
