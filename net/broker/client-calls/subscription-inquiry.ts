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
import { createRequest } from '../../remoting/remoting-command.ts'
import type { ClientMember } from '../clients/client-member.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'
import type { ConsumerFilters } from '../filter/consumer-filters.ts'
import { callMember } from './call-consumer.ts'

/** What counts here of a ConsumerRunningInfo. */
const RunningSubscriptions = object({ subscriptionSet: list(SubscriptionData) })

export interface SubscriptionInquiryParts {
  readonly clients: ClientRegistry
  readonly filters: ConsumerFilters
  readonly logger: Logger
}

export class SubscriptionInquiry {
  readonly #parts: SubscriptionInquiryParts
  /** The groups of which a connection owes an answer. */
  readonly #asked = new WeakMap<Connection, Set<string>>()

  constructor(parts: SubscriptionInquiryParts) {
    this.#parts = parts
  }

  /** Takes the answer for a heartbeat's subscriptions. A client that owes one is not asked again,
   *  and one that says nothing of use is left to its next heartbeat. */
  ask(group: string, connection: Connection): void {
    const member = this.#parts.clients.consumerGroup(group)?.memberOf(connection)
    if (member === undefined) return
    const asked = this.#asked.get(connection) ?? new Set()
    if (asked.has(group)) return
    this.#asked.set(connection, asked.add(group))
    this.#renew(group, member)
      .catch((error: unknown) => {
        const reason = describeError(error)
        this.#parts.logger.warn(
          `${member.clientId} did not say what ${group} subscribes to: ${reason}`,
        )
      })
      .finally(() => asked.delete(group))
  }

  async #renew(group: string, member: ClientMember): Promise<void> {
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
    if (renewed !== undefined) filters.register(group, renewed.subscriptions.values())
  }
}
