/**
 * NOTIFY_CONSUMER_IDS_CHANGED: tells the members of a group to share out its queues anew
 * (Java: DefaultConsumerIdsChangeListener, Broker2Client).
 */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { NotifyConsumerIdsChangedRequestHeader } from '../../protocol/consumer-list.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import type { SubscriptionGroups } from '../subscriptions/subscription-groups.ts'
import type { ConsumerGroupInfo } from './consumer-group-info.ts'

export interface GroupChangeNotifierParts {
  readonly groups: SubscriptionGroups
  readonly logger: Logger
}

/** Pushes at the end of the turn, so that many changes of one turn are told once. */
export class GroupChangeNotifier {
  readonly #parts: GroupChangeNotifierParts
  readonly #changed = new Set<ConsumerGroupInfo>()

  constructor(parts: GroupChangeNotifierParts) {
    this.#parts = parts
  }

  /** Each consumer of a broadcasting group takes all queues: it has nothing to share out. */
  noteChange(group: ConsumerGroupInfo): void {
    if (group.isBroadcasting || !this.#isNotified(group.name)) return
    if (this.#changed.size === 0) setImmediate(() => this.#notifyAll())
    this.#changed.add(group)
  }

  /** Asks for known groups only: a deleted one must not come back because a member leaves. */
  #isNotified(name: string): boolean {
    const { groups } = this.#parts
    return groups.get(name)?.notifyConsumerIdsChangedEnable !== false
  }

  #notifyAll(): void {
    for (const group of this.#changed) {
      for (const connection of group.connections) this.#notify(group.name, connection)
    }
    this.#changed.clear()
  }

  #notify(consumerGroup: string, connection: Connection): void {
    if (connection.status !== 'open') return
    const extFields = encodeHeaderFields(NotifyConsumerIdsChangedRequestHeader, { consumerGroup })
    try {
      connection.invokeOneway(createRequest(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, { extFields }))
    } catch (error) {
      // The others still have to hear of it; this one asks again by its own timer.
      const { remoteAddress } = connection
      const reason = describeError(error)
      this.#parts.logger.warn(`${remoteAddress} did not hear of ${consumerGroup}: ${reason}`)
    }
  }
}
