/**
 * Goal: every name server knows the broker, its topics and its end, whatever becomes of the others.
 * Method: live name servers, one that says nothing, one that is not there, and a table of topics.
 */
import type { AddressInfo, Server } from 'node:net'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import type { BrokerConfig, BrokerOptions } from '../../../../net/broker/options/broker-config.ts'
import { parseBrokerConfig } from '../../../../net/broker/options/broker-config.ts'
import { Registration } from '../../../../net/broker/registration/registration.ts'
import type { DataVersion } from '../../../../net/protocol/data-version.ts'
import { RequestCode } from '../../../../net/protocol/request-code.ts'
import { RemotingClient } from '../../../../net/remoting/remoting-client.ts'
import { LiveNameServer, until } from '../../namesrv/live-name-server.ts'
import { topicConfig } from '../../namesrv/registrations.ts'

const BROKER_ADDRESS = '192.0.2.1:10911'

const opened: AsyncDisposable[] = []
afterEach(async () => {
  for (const item of opened.splice(0).reverse()) await item[Symbol.asyncDispose]()
})

function use<T extends AsyncDisposable>(item: T): T {
  opened.push(item)
  return item
}

/** What the broker's table of topics is to a registration. */
class FakeTopics {
  readonly ordered: string[] = []
  /** Called whenever the topics are written down. */
  onWrite: () => void = () => undefined
  dataVersion: DataVersion = { counter: 0, stateVersion: 0, timestamp: 1_700_000_000_000 }
  /** Name servers refuse the first registration of a broker that has a single topic. */
  readonly #topics = ['system-1', 'topic-1'].map((name) => ({ config: topicConfig(name) }))
  readonly #listeners: (() => void)[] = []

  values() {
    this.onWrite()
    return this.#topics
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener)
  }

  markOrdered(names: Iterable<string>): void {
    this.ordered.push(...names)
  }

  add(name: string): void {
    this.#topics.push({ config: topicConfig(name) })
    this.next()
    for (const listener of this.#listeners) listener()
  }

  next(): void {
    this.dataVersion = { ...this.dataVersion, counter: this.dataVersion.counter + 1 }
  }
}

type Mutable<T> = { -readonly [Name in keyof T]: T[Name] }

interface Registered {
  /** As it is read for every request. */
  readonly config: Mutable<BrokerConfig>
  readonly registration: Registration
  readonly topics: FakeTopics
  readonly client: RemotingClient
  readonly log: string[]
}

async function register(
  namesrvAddresses: readonly string[],
  options: BrokerOptions = {},
): Promise<Registered> {
  const parsed = parseBrokerConfig({
    defaults: { brokerName: 'broker-a', listenHost: '192.0.2.1', namesrvAddresses, ...options },
  })
  const config = { ...parsed.config }
  const log: string[] = []
  const note = (message: string): void => void log.push(message)
  const client = use(new RemotingClient())
  const topics = new FakeTopics()
  const registration = await Registration.start({
    config,
    client,
    brokerAddress: () => BROKER_ADDRESS,
    topics,
    logger: { info: note, warn: note, error: note },
  })
  use(registration)
  return { config, registration, topics, client, log }
}

async function liveNameServer(): Promise<LiveNameServer> {
  return use(await LiveNameServer.start())
}

/** A server that accepts connections and never answers. */
async function silentServer(): Promise<string> {
  const server: Server = createServer((socket) => {
    use({ [Symbol.asyncDispose]: async () => void socket.destroy() })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  use({ [Symbol.asyncDispose]: async () => void server.close() })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

/** Where nothing listens: a port that only the system gives away. */
const GONE = '127.0.0.1:1'

/** An address where nothing listens yet. */
async function freeAddress(): Promise<string> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  await new Promise((resolve) => server.close(resolve))
  return `127.0.0.1:${port}`
}

test.each([[false], [true]])(
  'when it has started, every name server has all topics (compressed: %s)',
  async (compressedRegister) => {
    const [first, second] = [await liveNameServer(), await liveNameServer()]
    const addresses = [first.server.address, second.server.address]
    const { log } = await register(addresses, { compressedRegister })
    for (const live of [first, second]) {
      const route = await live.route('topic-1')
      expect(route?.brokerDatas).toEqual([
        expect.objectContaining({
          brokerName: 'broker-a',
          cluster: 'DefaultCluster',
          brokerAddrs: new Map([[0, BROKER_ADDRESS]]),
        }),
      ])
    }
    expect(log.sort()).toEqual(addresses.map((at) => `registered with name server ${at}`).sort())
  },
)

test('changes are settled when every name server that is there knows of them', async () => {
  const [first, second] = [await liveNameServer(), await liveNameServer()]
  const addresses = [first.server.address, GONE, second.server.address]
  const { registration, topics } = await register(addresses)
  topics.add('topic-2')
  await registration.settled()
  for (const live of [first, second]) expect(await live.route('topic-2')).toBeDefined()
})

test('changes of one turn are told at once and together', async () => {
  const live = await liveNameServer()
  const { topics } = await register([live.server.address])
  topics.add('topic-2')
  topics.add('topic-3')
  const route = await until(
    () => live.route('topic-3'),
    (found) => found !== undefined,
  )
  expect(route?.queueDatas[0]).toMatchObject({ readQueueNums: 8, perm: 6 })
  expect(await live.route('topic-2')).toBeDefined()
})

test('while writing them down takes long, changes are gathered, and all are told', async () => {
  const live = await liveNameServer()
  const { topics } = await register([live.server.address])
  let nowMs = performance.now() + 10_000
  let writeCount = 0
  topics.onWrite = () => {
    nowMs += 55
    writeCount += 1
  }
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  try {
    const known = (found: unknown): boolean => found !== undefined
    topics.add('topic-2')
    await until(() => live.route('topic-2'), known)
    for (let count = 0; count < 20; count += 1) {
      topics.add(`later-${count}`)
      await sleep(1)
    }
    expect(writeCount).toBe(1)
    nowMs += 60
    await until(() => live.route('later-19'), known)
    expect(writeCount).toBe(2)
  } finally {
    clock.mockRestore()
  }
})

test('a few changes are told at once, however long writing them down takes', async () => {
  const live = await liveNameServer()
  const { registration, topics } = await register([live.server.address])
  let nowMs = performance.now() + 10_000
  topics.onWrite = () => {
    nowMs += 10
  }
  const clock = vi.spyOn(performance, 'now').mockImplementation(() => nowMs)
  try {
    for (const name of ['topic-2', 'topic-3', 'topic-4']) {
      topics.add(name)
      await registration.settled()
      expect(await live.route(name)).toBeDefined()
    }
  } finally {
    clock.mockRestore()
  }
})

test('topics whose order a name server keeps are marked as ordered', async () => {
  const live = await liveNameServer()
  const order = { namespace: 'ORDER_TOPIC_CONFIG', key: 'topic-1', value: 'broker-a:4' }
  await live.ask(RequestCode.PUT_KV_CONFIG, order)
  const { topics } = await register([live.server.address])
  expect(topics.ordered).toEqual(['topic-1'])
})

test('a close takes the broker out of every route', async () => {
  const live = await liveNameServer()
  const { registration } = await register([live.server.address])
  await registration.close()
  expect(await live.route('topic-1')).toBeUndefined()
})

test('a topic has no permission that the broker lacks', async () => {
  const live = await liveNameServer()
  await register([live.server.address], { brokerPermission: 4 })
  expect((await live.route('topic-1'))?.queueDatas[0]?.perm).toBe(4)
})

test('one name server that is gone or says nothing delays none of the others', async () => {
  const live = await liveNameServer()
  const silent = await silentServer()
  const starting = register([GONE, silent, live.server.address], { registerTimeoutMs: 10_000 })
  const known = (found: unknown): boolean => found !== undefined
  expect(await until(() => live.route('topic-1'), known)).toBeDefined()
  const { topics, registration, log } = await starting
  topics.add('topic-2')
  expect(await until(() => live.route('topic-2'), known)).toBeDefined()
  expect(log.filter((line) => line.includes(GONE))).toEqual([
    `cannot register with name server ${GONE}: cannot connect to ${GONE}: ` +
      `connect ECONNREFUSED ${GONE}`,
  ])
  await registration.close()
  expect(await live.route('topic-1')).toBeUndefined()
}, 20_000)

test('a name server that comes later, or comes back, is told everything', async () => {
  const address = await freeAddress()
  const { topics, log } = await register([address])
  const port = Number(address.split(':')[1])
  const known = async (live: LiveNameServer, topic: string) => {
    const route = await until(
      () => live.route(topic),
      (found) => found !== undefined,
    )
    return route !== undefined
  }
  const first = await LiveNameServer.start({ port })
  expect(await known(first, 'topic-1')).toBe(true)
  await first[Symbol.asyncDispose]()
  topics.add('topic-2')
  const second = use(await LiveNameServer.start({ port }))
  expect(await known(second, 'topic-2')).toBe(true)
  expect(log.filter((line) => line.startsWith('registered'))).toHaveLength(2)
}, 20_000)

test('it goes on registering in its interval', async () => {
  const live = await liveNameServer()
  const { topics } = await register([live.server.address], { registerIntervalMs: 20 })
  await live.ask(104, {
    brokerName: 'broker-a',
    brokerAddr: BROKER_ADDRESS,
    clusterName: 'DefaultCluster',
    brokerId: '0',
  })
  topics.next()
  const route = await until(
    () => live.route('topic-1'),
    (found) => found !== undefined,
  )
  expect(route).toBeDefined()
})

test('without forceRegister a name server that knows the version is only asked', async () => {
  const live = await liveNameServer()
  const { topics, client } = await register([live.server.address], {
    forceRegister: false,
    registerIntervalMs: 20,
  })
  const codes: number[] = []
  const [connection] = client.connections
  const invoke = connection!.invoke.bind(connection)
  connection!.invoke = (request, timeoutMs) => {
    codes.push(request.code)
    return invoke(request, timeoutMs)
  }
  await until(
    async () => codes.length,
    (count) => count >= 2,
  )
  expect(new Set(codes)).toEqual(new Set([322]))
  topics.next()
  await until(
    async () => codes,
    (seen) => seen.includes(103),
  )
  expect(codes).toContain(103)
})

test('name servers may change while the broker runs', async () => {
  const [first, second] = [await liveNameServer(), await liveNameServer()]
  const { config, registration } = await register([first.server.address])
  config.namesrvAddresses = [second.server.address]
  registration.changed()
  const isKnown = (found: unknown): boolean => found !== undefined
  expect(await until(() => second.route('topic-1'), isKnown)).toBeDefined()
  const isGone = (found: unknown): boolean => found === undefined
  expect(await until(() => first.route('topic-1'), isGone)).toBeUndefined()
})
