import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { BrokerControl } from '../../../net/cli/load/broker-control.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import type { Sample } from '../measures/metrics.ts'
import type { Work } from '../row.ts'
import { guard, release } from '../sides/paused-processes.ts'
import type { Side } from '../sides/side.ts'
import { type LoadPlace, type LoadTimes, runReportedLoad } from './bench-command.ts'
import type { Arrivals, ArrivalsRequest, FromPushPeer, PushRequest } from './push-peer.ts'

const TOPIC = 'Pushed'
const QUEUE_COUNT = 8
const GROUP = 'versus_push'

/**
 * How long messages that are sent on a schedule take until a push consumer of ours has them: the
 * load program and the consumer are processes of their own. Counted from when each was due.
 */
export async function measurePush(
  side: Side,
  { rate, bodyBytes }: Extract<Work, { kind: 'push' }>,
  place: LoadPlace,
  times: LoadTimes,
): Promise<Sample> {
  const topic = `${TOPIC}-${rate}`
  await createTopic(side, topic)
  const peer = await startPeer({ nameServer: side.nameServer, topic, group: `${GROUP}_${rate}` })
  try {
    const words = ['--topic', topic, '--size', String(bodyBytes), '--rate', String(rate), '--stamp']
    const load = { benchmark: 'send', words } as const
    const { sample, report } = await runReportedLoad(load, place, times)
    const { measuredFromMs, messageCount } = report
    if (measuredFromMs === undefined) throw new Error('the load does not say when it began')
    const arrivals = await askPeer(peer, { sinceMs: measuredFromMs, messageCount })
    const lostCount = messageCount - arrivals.messageCount
    if (lostCount > 0) throw new Error(`${lostCount} acknowledged messages did not arrive`)
    const { p50Us, p99Us, p999Us } = arrivals
    return { ...sample, p50Us, p99Us, p999Us }
  } finally {
    await endPeer(peer)
  }
}

async function createTopic(side: Side, topic: string): Promise<void> {
  const client = new RemotingClient()
  try {
    await new BrokerControl(client, side.broker).createTopic(topic, QUEUE_COUNT)
  } finally {
    await client.close()
  }
}

async function startPeer(request: PushRequest): Promise<ChildProcess> {
  const program = fileURLToPath(new URL('./push-peer.js', import.meta.url))
  const peer = fork(program, [JSON.stringify(request)], {
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  if (peer.pid !== undefined) guard(peer.pid)
  await nextMessage(peer)
  return peer
}

async function askPeer(peer: ChildProcess, request: ArrivalsRequest): Promise<Arrivals> {
  peer.send(request)
  const answer = await nextMessage(peer)
  if (answer.kind !== 'arrivals') throw new Error(`the push consumer says ${answer.kind}`)
  return answer.arrivals
}

async function nextMessage(peer: ChildProcess): Promise<FromPushPeer> {
  const ended = once(peer, 'exit').then(([code]) => {
    throw new Error(`the push consumer ended with code ${code}`)
  })
  const [message] = (await Promise.race([once(peer, 'message'), ended])) as [FromPushPeer]
  return message
}

async function endPeer(peer: ChildProcess): Promise<void> {
  const { pid } = peer
  if (peer.exitCode === null && peer.signalCode === null) {
    const ended = once(peer, 'exit')
    if (peer.connected) peer.kill('SIGTERM')
    await ended
  }
  if (pid !== undefined) release(pid)
}
