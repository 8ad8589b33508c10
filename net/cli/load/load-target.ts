import { MASTER_ID } from '../../protocol/topic-route.ts'
import type { RemotingClient } from '../../remoting/remoting-client.ts'
import { BrokerControl } from './broker-control.ts'
import { LoadError } from './errors.ts'
import type { TopicNames } from './topic-names.ts'

/** Topics that are created at the same time. */
const CREATED_AT_ONCE = 16

/** A broker to drive, with the queues of the topic. */
export interface LoadTarget {
  readonly control: BrokerControl
  readonly brokerName: string
  readonly queueCount: number
  readonly settings: ReadonlyMap<string, string>
}

/** Where a load goes. */
export interface TargetRequest {
  /** `host:port` of a name server whose masters are all driven … */
  readonly namesrvAddress: string
  /** … unless one broker is named. */
  readonly brokerAddress: string | undefined
  readonly topics: TopicNames
  /** Queues that a topic gets when it has to be created. */
  readonly queueCount: number
}

/**
 * Finds the brokers and makes sure that they have the topics.
 * @throws {LoadError} `LOAD_NO_BROKER`, `LOAD_REFUSED`
 */
export async function findTargets(
  client: RemotingClient,
  request: TargetRequest,
): Promise<LoadTarget[]> {
  const addresses = await brokerAddresses(client, request)
  const targets: LoadTarget[] = []
  for (const address of addresses) {
    const control = new BrokerControl(client, address)
    const settings = await control.settings()
    const queueCount = await ensureTopics(control, request)
    targets.push({ control, settings, queueCount, brokerName: settings.get('brokerName') ?? '' })
  }
  return targets
}

async function brokerAddresses(client: RemotingClient, request: TargetRequest): Promise<string[]> {
  if (request.brokerAddress !== undefined) return [request.brokerAddress]
  const masters = await new BrokerControl(client, request.namesrvAddress).masters()
  if (masters.length === 0) {
    const message = `no broker is registered at the name server ${request.namesrvAddress}`
    throw new LoadError('LOAD_NO_BROKER', message)
  }
  return masters.map(({ brokerAddrs }) => brokerAddrs.get(MASTER_ID)!)
}

/** Creates what is missing; the queues of the topic that has the fewest. */
async function ensureTopics(control: BrokerControl, request: TargetRequest): Promise<number> {
  const names = request.topics[Symbol.iterator]()
  let fewest = Number.POSITIVE_INFINITY
  const ensureOthers = async (): Promise<void> => {
    for (let next = names.next(); next.done !== true; next = names.next()) {
      fewest = Math.min(fewest, await ensureTopic(control, next.value, request.queueCount))
    }
  }
  await Promise.all(Array.from({ length: CREATED_AT_ONCE }, ensureOthers))
  return fewest
}

async function ensureTopic(
  control: BrokerControl,
  topic: string,
  queueCount: number,
): Promise<number> {
  const config = await control.topicConfig(topic)
  if (config !== undefined) return config.writeQueueNums
  await control.createTopic(topic, queueCount)
  return queueCount
}
