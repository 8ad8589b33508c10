/**
 * Goal: a consumer that answers nothing of use is not asked at each of its refused pulls, nor is
 * each answer a line of the log.
 * Method: connections that answer what they are told to; the clock is handed in.
 */
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { SubscriptionInquiry } from '../../../../net/broker/client-calls/subscription-inquiry.ts'
import { ClientRegistry } from '../../../../net/broker/clients/client-registry.ts'
import { ConsumerData, SubscriptionData } from '../../../../net/protocol/heartbeat.ts'
import { ResponseCode } from '../../../../net/protocol/response-code.ts'
import type { Connection } from '../../../../net/remoting/connection.ts'
import { createResponse, type RemotingCommand } from '../../../../net/remoting/remoting-command.ts'

const GROUP = 'shop'
const TOLD_VERSION = 3
const SECONDS = 30
const QUEUES = 100

type Answer = (request: RemotingCommand) => RemotingCommand

let clients: ClientRegistry
let inquiry: SubscriptionInquiry
let lines: string[]

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000_000 })
  lines = []
  const note = (line: string): void => void lines.push(line)
  clients = new ClientRegistry({ clientExpiryMs: 60_000, onGroupChange: () => undefined })
  inquiry = new SubscriptionInquiry({
    clients,
    filters: { register: () => undefined },
    logger: { info: note, warn: note, error: note },
  })
})
afterEach(() => {
  vi.useRealTimers()
})

/** A member of the group; `asked` are the questions that it got. */
function join(answer: Answer): { connection: Connection; asked: RemotingCommand[] } {
  const asked: RemotingCommand[] = []
  const invoke = (request: RemotingCommand): Promise<RemotingCommand> => {
    asked.push(request)
    return Promise.resolve(answer(request))
  }
  const connection = { invoke, remoteAddress: 'here' } as unknown as Connection
  const member = { connection, clientId: 'one', language: 'JAVA', version: 513, seenMs: 0 }
  const told = SubscriptionData.read({ topic: 'orders', subVersion: TOLD_VERSION }, '')
  clients.registerConsumer(member, ConsumerData.read({ groupName: GROUP }, ''), [told])
  return { connection, asked }
}

function saying(subVersion: () => number): Answer {
  return (request) => {
    const subscription = SubscriptionData.read({ topic: 'orders', subVersion: subVersion() }, '')
    const body = Buffer.from(JSON.stringify({ subscriptionSet: [subscription] }))
    return createResponse(request, ResponseCode.SUCCESS, { body })
  }
}

/** As many refused pulls as the client has queues, and what they lead to. */
async function pullAll(connection: Connection): Promise<void> {
  for (let queue = 0; queue < QUEUES; queue++) {
    inquiry.ask(GROUP, connection)
    await vi.advanceTimersByTimeAsync(0)
  }
}

test.each([
  ['a refusal', (request) => createResponse(request, 1, { remark: 'no' }), 1],
  ['no body', (request) => createResponse(request, ResponseCode.SUCCESS), 1],
  ['an old version', saying(() => TOLD_VERSION), 0],
  [
    'no subscription',
    (request) => createResponse(request, 0, { body: Buffer.from('{"subscriptionSet":[]}') }),
    0,
  ],
] satisfies [string, Answer, number][])(
  'who answers with %s is left alone for a while',
  async (_name, answer, lineCount) => {
    const { connection, asked } = join(answer)
    await pullAll(connection)
    expect(asked).toHaveLength(1)
    // One that came back is not held to what another connection answered.
    const other = join(answer)
    await pullAll(other.connection)
    expect(other.asked).toHaveLength(1)
    for (let second = 0; second < SECONDS; second++) {
      await vi.advanceTimersByTimeAsync(1_000)
      await pullAll(connection)
    }
    expect(asked.length).toBeGreaterThan(1)
    expect(asked.length).toBeLessThan(SECONDS / 2)
    expect(lines).toHaveLength(lineCount)
  },
)

test('who answers with something new may be asked again at once', async () => {
  let version = TOLD_VERSION
  const { connection, asked } = join(saying(() => ++version))
  await pullAll(connection)
  expect(asked).toHaveLength(QUEUES)
  expect(clients.subscriptionOf(GROUP, 'orders')?.subVersion).toBe(TOLD_VERSION + QUEUES)
  expect(lines).toEqual([])
})
