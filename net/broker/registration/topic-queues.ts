/** Which queues a topic has on all brokers, by the name servers
 *  (TopicRouteInfoManager.getTopicSubscribeInfo). */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { decodeBody } from '../../protocol/json-shape.ts'
import type { MessageQueue } from '../../protocol/message-queue.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { GetRouteInfoRequestHeader, TopicRouteData } from '../../protocol/topic-route.ts'
import type { RemotingClient } from '../../remoting/remoting-client.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import type { BrokerConfig } from '../options/broker-options.ts'
import { isReadablePermission } from '../topics/permission.ts'

const ROUTE_TIMEOUT_MS = 3_000

export interface TopicQueuesParts {
  readonly config: Pick<BrokerConfig, 'namesrvAddresses'>
  readonly client: Pick<RemotingClient, 'invoke'>
  readonly logger: Logger
}

export class TopicQueues {
  readonly #parts: TopicQueuesParts
  /** What a name server said last: what there is to go by while none answers. */
  readonly #known = new Map<string, readonly MessageQueue[]>()

  constructor(parts: TopicQueuesParts) {
    this.#parts = parts
  }

  /** The queues that may be read; undefined for a topic that no broker has. */
  async find(topic: string): Promise<readonly MessageQueue[] | undefined> {
    for (const address of this.#parts.config.namesrvAddresses) {
      try {
        const queues = await this.#ask(address, topic)
        if (queues === undefined) this.#known.delete(topic)
        else this.#known.set(topic, queues)
        return queues
      } catch (error) {
        // Another name server may know.
        this.#parts.logger.warn(`no route of ${topic} from ${address}: ${describeError(error)}`)
      }
    }
    return this.#known.get(topic)
  }

  async #ask(address: string, topic: string): Promise<MessageQueue[] | undefined> {
    const header = { topic, acceptStandardJsonOnly: true }
    const extFields = encodeHeaderFields(GetRouteInfoRequestHeader, header)
    const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { extFields })
    const answer = await this.#parts.client.invoke(address, request, ROUTE_TIMEOUT_MS)
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST) return undefined
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(answer.remark ?? `${answer.code}`)
    const { queueDatas } = decodeBody(TopicRouteData, answer.body)
    return queueDatas
      .filter(({ perm }) => isReadablePermission(perm))
      .flatMap(({ brokerName, readQueueNums }) =>
        Array.from({ length: readQueueNums }, (_, queueId) => ({ brokerName, queueId, topic })),
      )
  }
}
