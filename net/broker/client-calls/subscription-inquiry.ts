/**
 * Asks a consumer what it subscribes to when its pulls are ahead of its heartbeats. Java's consumer
 * raises its subscriptions' version at a rebalance and leaves the heartbeat out when another one is
 * under way (RebalancePushImpl.messageQueueChanged, whose `tryLock` fails): the next one comes
 * after 30 s, and all pulls are refused until then.
 */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { GetConsumerRunningInfoRequestHeader } from '../../protocol/consumer-status.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { SubscriptionData } from '../../protocol/heartbeat.ts'
import { decodeBody, list, object } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { LimitedLogger } from '../../remoting/limited-logger.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import type { ClientMember } from '../clients/client-member.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import { callMember } from './call-consumer.ts'

/** What counts here of a ConsumerRunningInfo. */
const RunningSubscriptions = object({ subscriptionSet: list(SubscriptionData) })

export interface SubscriptionInquiryParts {
  readonly clients: ClientRegistry
  readonly filters: Pick<ConsumerFilters, 'register'>
  readonly logger: Logger
}

/** How long a client whose answer was of no use is not asked again, in milliseconds. */
const QUIET_MS = 5_000

export class SubscriptionInquiry {
  readonly #parts: SubscriptionInquiryParts
  readonly #log: LimitedLogger
  /** By group, when a connection may be asked again; never while it owes an answer. */
  readonly #askableMs = new WeakMap<Connection, Map<string, number>>()

  constructor(parts: SubscriptionInquiryParts) {
    this.#parts = parts
    this.#log = new LimitedLogger(parts.logger)
  }

  /** Takes the answer for a heartbeat's subscriptions. A client that owes one is not asked again,
   *  and one that says nothing of use is left alone for some seconds, or to its next heartbeat. */
  ask(group: string, connection: Connection): void {
    const member = this.#parts.clients.consumerGroup(group)?.memberOf(connection)
    if (member === undefined) return
    let askableMs = this.#askableMs.get(connection)
    if (askableMs === undefined) {
      askableMs = new Map()
      this.#askableMs.set(connection, askableMs)
    }
    if (performance.now() < (askableMs.get(group) ?? 0)) return
    askableMs.set(group, Number.POSITIVE_INFINITY)
    void this.#inquire(group, member, askableMs)
  }

  async #inquire(
    group: string,
    member: ClientMember,
    askableMs: Map<string, number>,
  ): Promise<void> {
    let isOfUse = false
    try {
      isOfUse = await this.#renew(group, member)
    } catch (error) {
      const what = `${member.clientId} did not say what ${group} subscribes to`
      this.#log.warn('not said', `${what}: ${describeError(error)}`)
    }
    if (isOfUse) askableMs.delete(group)
    else askableMs.set(group, performance.now() + QUIET_MS)
  }

  /** @returns false when the answer says nothing new */
  async #renew(group: string, member: ClientMember): Promise<boolean> {
    const { clients, filters } = this.#parts
    const { clientId, connection } = member
    const extFields = encodeHeaderFields(GetConsumerRunningInfoRequestHeader, {
      consumerGroup: group,
      clientId,
      jstackEnable: false,
    })
    const request = createRequest(RequestCode.GET_CONSUMER_RUNNING_INFO, { extFields })
    const answer = await callMember(member, request, group)
    if (answer.code !== ResponseCode.SUCCESS) {
      throw new Error(`answer ${answer.code}: ${answer.remark ?? 'no remark'}`)
    }
    const { subscriptionSet } = decodeBody(RunningSubscriptions, answer.body)
    const renewed = clients.renewSubscriptions(group, connection, subscriptionSet)
    if (renewed === undefined) return false
    filters.register(group, renewed.subscriptions.values())
    return true
  }
}
