/** The capabilities of one broker, made in the order in which they know each other. */
import { randomInt } from 'node:crypto'
import type { Closable } from '../../engine/base/lifecycle.ts'
import type { Logger } from '../../engine/base/logger.ts'
import { I32_BYTES } from '../../engine/base/units.ts'
import type { UniqueMessageIdOptions } from '../../engine/format/message-id.ts'
import type { ThreadedStore } from '../../workers/threaded-store.ts'
import { peekRequestCode } from '../protocol/request-code-peek.ts'
import type { Connection } from '../remoting/connection.ts'
import type { RawFrame } from '../remoting/frame-splitter.ts'
import { LimitedLogger } from '../remoting/limited-logger.ts'
import type { RemotingClient } from '../remoting/remoting-client.ts'
import { HotOutcome, type RequestHandler } from '../remoting/request-routes.ts'
import { adminRoutes } from './admin/admin-routes.ts'
import { assignmentRoutes } from './assignment/assignment-routes.ts'
import { MessageRequestModes } from './assignment/message-request-modes.ts'
import { clientCallRoutes } from './client-calls/client-call-routes.ts'
import { SubscriptionInquiry } from './client-calls/subscription-inquiry.ts'
import { ClientRegistry } from './clients/client-registry.ts'
import { clientRoutes } from './clients/client-routes.ts'
import { GroupChangeNotifier } from './clients/group-change-notifier.ts'
import { groupQueryRoutes } from './clients/group-query-routes.ts'
import { SubscriptionConsistency } from './clients/subscription-consistency.ts'
import { ConsumerFilters } from './filter/consumer-filters.ts'
import { lockRoutes } from './lock/lock-routes.ts'
import { QueueLocks } from './lock/queue-locks.ts'
import { MessageWriter } from './message-writer.ts'
import { ConsumerOffsets } from './offsets/consumer-offsets.ts'
import { offsetRoutes } from './offsets/offset-routes.ts'
import type { BrokerSettings } from './options/broker-settings.ts'
import { configRoutes } from './options/config-routes.ts'
import { PullAdmission } from './pull/pull-admission.ts'
import { PullHandler } from './pull/pull-handler.ts'
import { PULL_CODES, pullRoutes } from './pull/pull-routes.ts'
import { queryRoutes } from './query/query-routes.ts'
import { TopicQueues } from './registration/topic-queues.ts'
import { replyRoutes } from './reply/reply-routes.ts'
import { resetRoutes } from './reset/reset-routes.ts'
import { DeadLetters } from './retry/dead-letters.ts'
import { retryRoutes } from './retry/send-back.ts'
import { type Route, routeTable } from './routes.ts'
import { scheduleRoutes } from './schedule/schedule-routes.ts'
import { ScheduleService } from './schedule/schedule-service.ts'
import { HeldSends } from './send/held-sends.ts'
import { SendAcks } from './send/send-acks.ts'
import { SendAdmission } from './send/send-admission.ts'
import { SendBacklog } from './send/send-backlog.ts'
import { SendHandler } from './send/send-handler.ts'
import { SendProperties } from './send/send-properties.ts'
import { SEND_CODES, sendRoutes } from './send/send-routes.ts'
import { BrokerStats } from './stats/broker-stats.ts'
import { statsRoutes } from './stats/stats-routes.ts'
import { SubscriptionGroups } from './subscriptions/subscription-groups.ts'
import { subscriptionRoutes } from './subscriptions/subscription-routes.ts'
import { TopicConfigs } from './topics/topic-configs.ts'
import { topicRoutes } from './topics/topic-routes.ts'

/** Instances of one host are told apart by a random number of 32 bits. */
const INSTANCE_MAX = 2 ** 32 - 1

export interface BrokerPartsInput {
  readonly settings: BrokerSettings
  readonly store: ThreadedStore
  /** Speaks with the name servers. */
  readonly client: RemotingClient
  readonly logger: Logger
  /** The address that records name as their broker's. */
  readonly storeHost: Buffer
  /** `host:port` under which the broker is registered. */
  readonly address: string
  /** Resolves when the name servers were told of all changes, or that took too long. */
  readonly registered: () => Promise<void>
}

export class BrokerParts implements Closable {
  readonly topics: TopicConfigs
  readonly groups: SubscriptionGroups
  readonly offsets: ConsumerOffsets
  readonly filters: ConsumerFilters
  readonly routes: ReadonlyMap<number, RequestHandler>
  readonly #clients: ClientRegistry
  readonly #stats: BrokerStats
  readonly #schedule: ScheduleService
  readonly #locks = new QueueLocks()
  readonly #send: SendHandler
  readonly #pull: PullHandler

  constructor(input: BrokerPartsInput) {
    const { settings, store, logger, storeHost } = input
    const config = settings.live
    const directory = store.layout.config
    const topics = new TopicConfigs(directory, config, logger)
    const mayCreateGroup = () => config.autoCreateSubscriptionGroup
    const groups = new SubscriptionGroups(directory, mayCreateGroup, logger)
    const offsets = new ConsumerOffsets(directory, logger)
    offsets.clamp((topic, queueId) => store.maxQueueOffset(topic, queueId))
    const filters = new ConsumerFilters(directory, logger)
    const consistency = new SubscriptionConsistency(logger)
    const notifier = new GroupChangeNotifier({ groups, logger })
    const clients = new ClientRegistry({
      onGroupChange: (group) => {
        if (group.isEmpty) filters.unregister(group.name)
        notifier.noteChange(group)
      },
      onSubscriptions: (group) => consistency.check(group),
      onSubscriptionChange: (group, topic) => this.#pull.releaseGroup(group, topic),
      clientExpiryMs: config.clientExpiryMs,
    })
    const stats = new BrokerStats({
      clusterName: config.clusterName,
      isSystemTopic: (topic) => topics.isSystem(topic),
    })
    const schedule = new ScheduleService({ store, stats, logger })
    this.topics = topics
    this.groups = groups
    this.offsets = offsets
    this.filters = filters
    this.#clients = clients
    this.#stats = stats
    this.#schedule = schedule
    const admission = new PullAdmission({ config, topics, groups, clients, filters })
    const locks = this.#locks
    const deadLetters = new DeadLetters({ store, topics, groups, locks, stats, logger })
    const { delayed } = schedule
    const acks = new SendAcks({ storeHost, regionId: config.regionId, traceOn: config.traceOn })
    this.#send = new SendHandler({
      config,
      store,
      admission: new SendAdmission({ config, store, topics, groups, stats }),
      properties: new SendProperties(config, uniqueIdOptions(storeHost)),
      acks,
      backlog: new SendBacklog({ store, config, acks }),
      held: new HeldSends({ config, log: new LimitedLogger(logger) }),
      delayed,
      deadLetters,
      stats,
      storeHost,
    })
    const inquiry = new SubscriptionInquiry({ clients, filters, logger })
    this.#pull = new PullHandler({ store, config, admission, offsets, stats, inquiry })
    this.routes = this.#routeTable(input, deadLetters)
    settings.onChange((fields) => {
      this.#send.forgetTargets()
      // Name servers look at topics only when their version has changed.
      if (fields.has('brokerPermission')) topics.renew()
    })
    topics.onChange((topic) => {
      this.#pull.releaseTopic(topic)
      schedule.forgetTopic(topic)
      if (topics.find(topic) === undefined) stats.forgetTopic(topic)
    })
  }

  #routeTable(
    input: BrokerPartsInput,
    deadLetters: DeadLetters,
  ): ReadonlyMap<number, RequestHandler> {
    const { settings, store, logger, storeHost, address } = input
    const { topics, groups, offsets, filters } = this
    const clients = this.#clients
    const stats = this.#stats
    const schedule = this.#schedule
    const config = settings.live
    const { brokerName } = config
    const { delayed } = schedule
    const writer = new MessageWriter(store)
    return routeTable(
      sendRoutes(this.#send),
      retryRoutes({
        config,
        store,
        topics,
        groups,
        stats,
        delayed,
        deadLetters,
        writer,
        storeHost,
      }),
      replyRoutes({
        config,
        admission: new SendAdmission({ config, store, topics, groups, stats }),
        clients,
        writer,
        storeHost,
        logger,
      }),
      pullRoutes(this.#pull),
      queryRoutes({ store, topics, clients }),
      offsetRoutes({ offsets, groups, topics, store }),
      topicRoutes({ topics, offsets, store, config, registered: input.registered }),
      subscriptionRoutes({ groups, offsets, stats }),
      clientRoutes({ clients, topics, groups, offsets, filters, config }),
      configRoutes({ settings, logger }),
      statsRoutes({ stats }),
      lockRoutes({ locks: this.#locks }),
      scheduleRoutes({ schedule }),
      ...this.#groupRoutes(input),
      adminRoutes({
        brokerName,
        brokerAddress: address,
        store,
        topics,
        groups,
        offsets,
        clients,
        stats,
        schedule,
        send: this.#send,
      }),
    )
  }

  /** What is asked and done about groups as a whole. */
  #groupRoutes(input: BrokerPartsInput): (readonly Route[])[] {
    const { settings, store, logger, address, client } = input
    const { topics, groups, offsets } = this
    const config = settings.live
    const { brokerName } = config
    const clients = this.#clients
    return [
      resetRoutes({ config, store, topics, groups, offsets, clients, pulls: this.#pull, logger }),
      groupQueryRoutes({ brokerAddress: address, clients, offsets }),
      assignmentRoutes({
        config,
        clients,
        topics,
        groups,
        modes: new MessageRequestModes(store.layout.config, logger),
        queues: new TopicQueues({ config, client, logger }),
      }),
      clientCallRoutes({ brokerName, store, topics, groups, clients, logger }),
    ]
  }

  /** Offers a frame to the handlers that read it in place. */
  hot(frame: RawFrame, connection: Connection): HotOutcome {
    const code = peekRequestCode(frame)
    if (SEND_CODES.has(code)) return this.#send.hot(frame, connection)
    if (PULL_CODES.has(code)) return this.#pull.hot(frame, connection)
    return HotOutcome.DECLINED
  }

  /** Who is behind a connection, as far as heartbeats said. */
  nameOf(connection: Connection): string | undefined {
    return this.#clients.nameOf(connection)
  }

  connectionClosed(connection: Connection): void {
    this.#clients.onConnectionClosed(connection)
    this.#pull.forget(connection)
  }

  /** Forgets silent clients, their locks, and samples the statistics: once a second. */
  sweep(nowMs: number): void {
    this.#clients.expire(nowMs)
    this.#locks.expire(nowMs)
    this.#stats.sample(nowMs)
  }

  /** Brings all changes of the tables to the disk. */
  async save(): Promise<void> {
    const tables = [this.topics, this.groups, this.offsets, this.filters]
    await Promise.all(tables.map((table) => table.save()))
  }

  /** Brings to the disk how far delayed delivery has come. */
  async saveDelayOffsets(): Promise<void> {
    await this.#schedule.save()
  }

  async close(): Promise<void> {
    this.#send.close()
    this.#pull.close()
    await Promise.all([this.save(), this.#schedule.close()])
  }
}

/** Messages that come without a unique key get one of the broker's own. */
function uniqueIdOptions(storeHost: Buffer): UniqueMessageIdOptions {
  const address = storeHost.subarray(0, storeHost.length - I32_BYTES)
  return { address, pid: process.pid, instance: randomInt(INSTANCE_MAX), now: Date.now }
}
