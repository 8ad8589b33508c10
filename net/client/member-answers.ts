import type {
  ConsumeMessageDirectlyResult,
  ConsumerRunningInfo,
} from '../protocol/consumer-running-info.ts'
import type { AskedConsumer } from './consumer-requests.ts'
import type { GroupMember, GroupMemberOptions } from './group-member.ts'
import type { QueueOffset } from './offset-store.ts'
import { commonPropertiesOf, processQueueInfoOf } from './running-info.ts'

/** What a member of a group answers to the questions of brokers. */
export class MemberAnswers implements AskedConsumer {
  readonly #member: GroupMember
  readonly #options: GroupMemberOptions
  readonly #startedAtMs = Date.now()

  constructor(member: GroupMember, options: GroupMemberOptions) {
    this.#member = member
    this.#options = options
  }

  get group(): string {
    return this.#options.config.group
  }

  get progress(): readonly QueueOffset[] {
    return this.#member.store.known
  }

  rebalance(): void {
    this.#member.rebalance()
  }

  reset(offsets: readonly QueueOffset[]): Promise<void> {
    return this.#member.queues.reset(offsets)
  }

  async consumeDirectly(
    record: Buffer,
    brokerName: string,
  ): Promise<ConsumeMessageDirectlyResult | undefined> {
    return this.#options.consumeDirectly?.(record, brokerName)
  }

  runningInfo(): ConsumerRunningInfo {
    const { config, consumeType, properties } = this.#options
    const { locks, queues, stats, store, subscriptions } = this.#member
    const facts = { consumeType, startedAtMs: this.#startedAtMs }
    return {
      jstack: undefined,
      mqPopTable: [],
      mqTable: queues.states.map(({ cached, lastPullAtMs, queue }) => [
        queue,
        processQueueInfoOf(cached, {
          commitOffset: store.get(queue) ?? -1,
          lastPullAtMs,
          isLocked: locks?.isHeld(queue) ?? false,
          lastLockAtMs: locks?.confirmedAtMs(queue) ?? 0,
        }),
      ]),
      properties: new Map([...commonPropertiesOf(config, facts), ...properties]),
      statusTable: new Map(subscriptions.map(({ topic }) => [topic, stats.statusOf(topic)])),
      subscriptionSet: [...subscriptions],
      userConsumerInfo: new Map(),
    }
  }
}
