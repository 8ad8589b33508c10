/** A name server and brokers of which a test says how they answer, over real sockets. */

import { encodeBody } from '../../net/protocol/json-shape.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { ResponseCode } from '../../net/protocol/response-code.ts'
import { TopicRouteData } from '../../net/protocol/topic-route.ts'
import type { Connection } from '../../net/remoting/connection.ts'
import type { RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { createRequest, createResponse } from '../../net/remoting/remoting-command.ts'
import { RemotingServer } from '../../net/remoting/remoting-server.ts'
import type { RequestHandler } from '../../net/remoting/request-routes.ts'
import { whenPortIsFree } from './until.ts'

/** A server that takes note of what it is asked. */
export class FakePeer {
  readonly name: string
  /** Every request so far, in the order of arrival. */
  readonly requests: RemotingCommand[] = []
  readonly #handlers = new Map<number, RequestHandler>()
  #server!: RemotingServer

  constructor(name: string) {
    this.name = name
  }

  get address(): string {
    return this.#server.address
  }

  get connections(): ReadonlySet<Connection> {
    return this.#server.connections
  }

  /** @param port that it had before. @default any */
  async listen(port = 0): Promise<void> {
    const routes = { route: (code: number) => this.#route(code) }
    this.#server = await whenPortIsFree(() => RemotingServer.listen({ port }, routes))
  }

  on(code: number, handler: RequestHandler): this {
    this.#handlers.set(code, handler)
    return this
  }

  handlerOf(code: number): RequestHandler | undefined {
    return this.#handlers.get(code)
  }

  /** The requests with one code, in the order of arrival. */
  requestsOf(code: number): RemotingCommand[] {
    return this.requests.filter((request) => request.code === code)
  }

  /** Sends a request to a client, as brokers do. */
  pushTo(connection: Connection, code: number, extFields: Map<string, string>): void {
    if (connection.status === 'open') connection.invokeOneway(createRequest(code, { extFields }))
  }

  /** Ends all connections and listens no more. */
  async stop(): Promise<void> {
    await this.#server.destroy(new Error('the peer went away'))
  }

  #route(code: number): RequestHandler | undefined {
    const handler = this.#handlers.get(code)
    if (handler === undefined) return undefined
    return (request, connection) => {
      this.requests.push(request)
      return handler(request, connection)
    }
  }
}

/** A broker's answer to a send: the message is stored in the queue that was asked for. */
export function storedAnswer(
  request: RemotingCommand,
  { code = 0, msgId = 'AB' }: { readonly code?: number; readonly msgId?: string } = {},
): RemotingCommand {
  const extFields = new Map([
    ['msgId', msgId],
    // By its short name.
    ['queueId', request.extFields.get('e') ?? '0'],
    ['queueOffset', '7'],
  ])
  return createResponse(request, code, { extFields })
}

/** What a fake name server says of a topic on one broker. */
export interface FakeQueues {
  readonly broker: FakePeer
  readonly count: number
  /** @default read and write */
  readonly perm?: number
}

const READ_AND_WRITE = 6

export class FakeCluster implements AsyncDisposable {
  readonly nameServer = new FakePeer('name server')
  readonly brokers: FakePeer[] = []
  readonly #topics = new Map<string, readonly FakeQueues[]>()

  /** A name server without topics, and brokers that take every heartbeat. */
  static async start(...brokerNames: string[]): Promise<FakeCluster> {
    const cluster = new FakeCluster()
    cluster.nameServer.on(RequestCode.GET_ROUTEINFO_BY_TOPIC, (request) => cluster.#answer(request))
    await cluster.nameServer.listen()
    for (const name of brokerNames) await cluster.addBroker(name)
    return cluster
  }

  async addBroker(name: string): Promise<void> {
    const broker = new FakePeer(name)
    broker.on(RequestCode.HEART_BEAT, (request) => createResponse(request, 0))
    broker.on(RequestCode.UNREGISTER_CLIENT, (request) => createResponse(request, 0))
    await broker.listen()
    this.brokers.push(broker)
  }

  setTopic(topic: string, queues: readonly FakeQueues[]): void {
    this.#topics.set(topic, queues)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const peer of [...this.brokers, this.nameServer]) await peer.stop()
  }

  #answer(request: RemotingCommand): RemotingCommand {
    const queues = this.#topics.get(request.extFields.get('topic') ?? '')
    if (queues === undefined) {
      return createResponse(request, ResponseCode.TOPIC_NOT_EXIST, { remark: 'no such topic' })
    }
    return createResponse(request, 0, { body: encodeBody(TopicRouteData, routeOf(queues)) })
  }
}

export function routeOf(queues: readonly FakeQueues[]): TopicRouteData {
  return {
    brokerDatas: queues.map(({ broker }) => ({
      brokerAddrs: new Map([[0, broker.address]]),
      brokerName: broker.name,
      cluster: 'fake',
      enableActingMaster: false,
      zoneName: undefined,
    })),
    filterServerTable: new Map(),
    orderTopicConf: undefined,
    queueDatas: queues.map(({ broker, count, perm = READ_AND_WRITE }) => ({
      brokerName: broker.name,
      perm,
      readQueueNums: count,
      topicSysFlag: 0,
      writeQueueNums: count,
    })),
    topicQueueMappingByBroker: undefined,
  }
}
