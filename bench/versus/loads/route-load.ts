import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { BrokerControl } from '../../../net/cli/load/broker-control.ts'
import { encodeHeaderFields } from '../../../net/protocol/header-table.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { ResponseCode } from '../../../net/protocol/response-code.ts'
import { GetRouteInfoRequestHeader } from '../../../net/protocol/topic-route.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import type { Sample } from '../measures/metrics.ts'
import type { Work } from '../row.ts'
import type { Side } from '../sides/side.ts'
import type { LoadTimes } from './bench-command.ts'
import { runForJson } from './child-report.ts'
import type { RouteRequest } from './route-peer.ts'

const TOPIC = 'Route'
const QUEUE_COUNT = 8
const TIMEOUT_MS = 5000
/** A broker that stood still registers again within its heartbeat. */
const ROUTE_MS_MAX = 60_000
const POLL_MS = 200

/** Measures how a name server answers queries for the route of a topic that exists. */
export async function measureRoutes(
  side: Side,
  { connections, inFlight }: Extract<Work, { kind: 'routes' }>,
  times: LoadTimes,
): Promise<Sample> {
  await ensureRoute(side)
  const request: RouteRequest = {
    address: side.nameServer,
    pid: side.nameServerPid,
    topic: TOPIC,
    connections,
    inFlight,
    ...times,
  }
  const program = fileURLToPath(new URL('./route-peer.js', import.meta.url))
  return runForJson(process.execPath, [program, JSON.stringify(request)])
}

async function ensureRoute(side: Side): Promise<void> {
  const client = new RemotingClient()
  try {
    await new BrokerControl(client, side.broker).createTopic(TOPIC, QUEUE_COUNT)
    const endMs = performance.now() + ROUTE_MS_MAX
    while (!(await hasRoute(client, side.nameServer))) {
      if (performance.now() > endMs) throw new Error(`${side.name} has no route for ${TOPIC}`)
      await sleep(POLL_MS)
    }
  } finally {
    await client.close()
  }
}

async function hasRoute(client: RemotingClient, nameServer: string): Promise<boolean> {
  const fields = { topic: TOPIC, acceptStandardJsonOnly: undefined }
  const extFields = encodeHeaderFields(GetRouteInfoRequestHeader, fields)
  const request = createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { extFields })
  const response = await client.invoke(nameServer, request, TIMEOUT_MS)
  return response.code === ResponseCode.SUCCESS
}
