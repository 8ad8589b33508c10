import { ClientError } from './client-error.ts'
import type { MessageQueue } from './message-queue.ts'
import type { RouteCache } from './route-cache.ts'

/** A broker that a request about a queue goes to. */
export interface ChosenBroker {
  readonly address: string
  readonly isMaster: boolean
}

/**
 * Where to ask about `queue`: the master, or `brokerId` where a broker suggested another one for
 * reading, or any that is left.
 * @throws {ClientError} `CLIENT_BROKER_NOT_FOUND`, and as {@link RouteCache.refresh}
 */
export async function brokerFor(
  routes: RouteCache,
  queue: MessageQueue,
  brokerId: number,
): Promise<ChosenBroker> {
  const known = find(routes, queue.brokerName, brokerId)
  if (known !== undefined) return known
  await routes.refresh(queue.topic)
  const fresh = find(routes, queue.brokerName, brokerId)
  if (fresh !== undefined) return fresh
  const message = `no route names an address of broker ${queue.brokerName}`
  throw new ClientError('CLIENT_BROKER_NOT_FOUND', message)
}

function find(routes: RouteCache, brokerName: string, brokerId: number): ChosenBroker | undefined {
  const master = routes.masterAddress(brokerName)
  const wanted = routes.address(brokerName, brokerId) ?? master
  const anyOther = routes.addresses.find((entry) => entry.brokerName === brokerName)?.address
  const address = wanted ?? anyOther
  return address === undefined ? undefined : { address, isMaster: address === master }
}
