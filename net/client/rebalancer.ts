import { describeError } from '../../engine/base/errors.ts'
import { ConsumerList, GetConsumerListByGroupRequestHeader } from '../protocol/consumer-list.ts'
import { encodeHeaderFields } from '../protocol/header-table.ts'
import { decodeBody } from '../protocol/json-shape.ts'
import { RequestCode } from '../protocol/request-code.ts'
import { createRequest } from '../remoting/remoting-command.ts'
import { type AllocateStrategy, shareOf } from './allocation/strategy.ts'
import type { ClientInstance } from './client-instance.ts'
import type { MessageQueue } from './message-queue.ts'
import { PeriodicTask } from './periodic-task.ts'

/** What a {@link Rebalancer} works with. */
export interface RebalancerOptions {
  readonly instance: ClientInstance
  readonly group: string
  readonly intervalMs: number
  readonly strategy: AllocateStrategy
  /** Whether the members of the group divide the queues; otherwise each has all of them. */
  readonly isShared: boolean
  /** The topics that are subscribed to at the moment. */
  readonly topics: () => readonly string[]
  /** Takes over exactly `share` of `topic`; false when that did not succeed in all parts. */
  readonly assign: (topic: string, share: readonly MessageQueue[]) => Promise<boolean>
}

/** How soon to try again when a round could not settle everything, and when the next ones could not
 *  either, in milliseconds: what a member of the group still has to give up comes soon or never. */
const UNSETTLED_MS_MIN = 100
const UNSETTLED_MS_MAX = 1_000

/**
 * Finds out, again and again, which queues this member of a group consumes. RocketMQ:
 * `RebalanceImpl`, `RebalanceService`.
 */
export class Rebalancer {
  readonly #options: RebalancerOptions
  readonly #task: PeriodicTask
  #unsettledCount = 0

  constructor(options: RebalancerOptions) {
    const { instance, intervalMs } = options
    this.#options = options
    this.#task = new PeriodicTask({
      name: 'rebalance',
      intervalMs,
      logger: instance.config.logger,
      run: () => this.#round(),
    })
  }

  /** Something has changed: members, routes or subscriptions. */
  trigger(): void {
    this.#task.trigger()
  }

  async stop(): Promise<void> {
    await this.#task.stop()
  }

  /** Resolves when everything has been divided once more. */
  async runNow(): Promise<void> {
    await this.#task.runNow()
  }

  /** Divides every topic once and returns when to do so again, in milliseconds. */
  async #round(): Promise<number> {
    let isSettled = true
    for (const topic of this.#options.topics()) {
      try {
        isSettled = (await this.#divide(topic)) && isSettled
      } catch (error) {
        isSettled = false
        const { logger } = this.#options.instance.config
        logger.warn(`rebalance of ${topic} failed: ${describeError(error)}`)
      }
    }
    this.#unsettledCount = isSettled ? 0 : this.#unsettledCount + 1
    const { intervalMs } = this.#options
    if (isSettled) return intervalMs
    const pauseMs = UNSETTLED_MS_MIN * 2 ** (this.#unsettledCount - 1)
    return Math.min(pauseMs, UNSETTLED_MS_MAX, intervalMs)
  }

  async #divide(topic: string): Promise<boolean> {
    const { assign, group, instance, isShared, strategy } = this.#options
    const { routes } = instance
    const route = routes.get(topic) ?? (await routes.refresh(topic))
    // A topic that nobody has made yet; its retry topic comes with the first heartbeat.
    if (route === undefined || route.isTemplate) return false
    if (!isShared) return assign(topic, route.readQueues)
    const clientIds = await this.#memberIds(topic)
    if (!clientIds.includes(instance.clientId)) {
      instance.config.logger.warn(`the brokers do not know ${instance.clientId} in group ${group}`)
      await instance.heartbeat()
    }
    const { clientId } = instance
    const share = shareOf(strategy, { group, clientId, queues: route.readQueues, clientIds })
    return (await assign(topic, share)) && clientIds.includes(instance.clientId)
  }

  /** The members of the group, asked of any broker that has the topic: all know all of them. */
  async #memberIds(topic: string): Promise<readonly string[]> {
    const { group, instance } = this.#options
    const extFields = encodeHeaderFields(GetConsumerListByGroupRequestHeader, {
      consumerGroup: group,
    })
    let lastError: unknown = new Error(`no broker has topic ${topic}`)
    for (const { address } of instance.routes.brokersOf(topic)) {
      try {
        await instance.brokers.introduced(address)
        const request = createRequest(RequestCode.GET_CONSUMER_LIST_BY_GROUP, { extFields })
        const { body } = await instance.brokers.invokeChecked(address, request)
        return decodeBody(ConsumerList, body).consumerIdList
      } catch (error) {
        lastError = error
      }
    }
    throw lastError
  }
}
