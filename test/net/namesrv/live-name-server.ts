/** A name server on loopback and a peer that speaks raw commands with it. */

import type { NameServerOptions } from '../../../net/namesrv/index.ts'
import { NameServer } from '../../../net/namesrv/index.ts'
import type { DataVersion } from '../../../net/protocol/data-version.ts'
import type { HeaderInput, HeaderTable } from '../../../net/protocol/header-table.ts'
import { encodeHeaderFields } from '../../../net/protocol/header-table.ts'
import { decodeBody } from '../../../net/protocol/json-shape.ts'
import type { RegisterBrokerBody } from '../../../net/protocol/register-broker.ts'
import {
  RegisterBrokerRequestHeader,
  UnregisterBrokerRequestHeader,
} from '../../../net/protocol/register-broker.ts'
import { bodyCrc32, encodeRegisterBrokerBody } from '../../../net/protocol/register-broker-body.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import type { TopicConfig } from '../../../net/protocol/topic-config.ts'
import { TopicRouteData } from '../../../net/protocol/topic-route.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import type { RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { whenPortIsFree } from '../../helpers/until.ts'
import { topicConfig, VERSION_1 } from './registrations.ts'

const ANSWER_TIMEOUT_MS = 10_000
const WAIT_MS_MAX = 15_000

/** What a registration has beside its header. */
interface RegistrationParts {
  readonly topics?: readonly TopicConfig[]
  readonly dataVersion?: DataVersion
  /** Who registers: the peer that asks where nothing else is said. */
  readonly peer?: RemotingClient
  /** Further ext fields. */
  readonly more?: Readonly<Record<string, string>>
}

export class LiveNameServer implements AsyncDisposable {
  readonly server: NameServer
  readonly #clients: RemotingClient[] = []
  readonly #peer: RemotingClient

  static async start(options: NameServerOptions = {}): Promise<LiveNameServer> {
    const start = () => NameServer.start({ port: 0, ...options })
    return new LiveNameServer(await whenPortIsFree(start))
  }

  private constructor(server: NameServer) {
    this.server = server
    this.#peer = this.client()
  }

  /** Another peer, with a connection of its own. */
  client(): RemotingClient {
    const client = new RemotingClient()
    this.#clients.push(client)
    return client
  }

  /** Sends a command whose header is given as ext fields, and waits for its answer. */
  ask(
    code: number,
    extFields: Readonly<Record<string, string>> = {},
    body?: Buffer,
    peer: RemotingClient = this.#peer,
  ): Promise<RemotingCommand> {
    const request = createRequest(code, { extFields: new Map(Object.entries(extFields)), body })
    return peer.invoke(this.server.address, request, ANSWER_TIMEOUT_MS)
  }

  /** Registers a broker: {@link BROKER} with two topics where nothing else is said. */
  register(
    changes: Partial<HeaderInput<typeof RegisterBrokerRequestHeader>> = {},
    {
      topics = [topicConfig('topic-1'), topicConfig('topic-2')],
      dataVersion = VERSION_1,
      peer = this.#peer,
      more = {},
    }: RegistrationParts = {},
  ): Promise<RemotingCommand> {
    const header = { ...BROKER, haServerAddr: '192.0.2.1:10912', compressed: false, ...changes }
    const table = new Map(topics.map((topic): [string, TopicConfig] => [topic.topicName, topic]))
    const registration: RegisterBrokerBody = {
      filterServerList: [],
      topicConfigSerializeWrapper: {
        dataVersion,
        mappingDataVersion: undefined,
        topicConfigTable: table,
        topicQueueMappingDetailMap: new Map(),
        topicQueueMappingInfoMap: new Map(),
      },
    }
    const body = encodeRegisterBrokerBody(registration, header.compressed)
    const fields = encodeHeaderFields(RegisterBrokerRequestHeader, {
      bodyCrc32: bodyCrc32(body),
      ...header,
    })
    const extFields = { ...Object.fromEntries(fields), ...more }
    return this.ask(RequestCode.REGISTER_BROKER, extFields, body, peer)
  }

  /** The route of `topic`, undefined when the name server knows none. */
  async route(
    topic: string,
    extFields: Readonly<Record<string, string>> = {},
  ): Promise<TopicRouteData | undefined> {
    const answer = await this.ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic, ...extFields })
    return answer.code === 0 ? decodeBody(TopicRouteData, answer.body) : undefined
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.close()
    await this.server.close()
  }
}

/** How `broker-a` names itself. */
export const BROKER = Object.freeze({
  brokerName: 'broker-a',
  brokerAddr: '192.0.2.1:10911',
  clusterName: 'cluster-1',
  brokerId: 0,
})

/** {@link BROKER} as ext fields. */
export const BROKER_FIELDS = fieldsOf(UnregisterBrokerRequestHeader, BROKER)

export function fieldsOf<T extends HeaderTable>(
  table: T,
  header: HeaderInput<T>,
): Readonly<Record<string, string>> {
  return Object.fromEntries(encodeHeaderFields(table, header))
}

/** Asks again and again until `isDone`; returns the last answer when that takes too long. */
export async function until<T>(ask: () => Promise<T>, isDone: (value: T) => boolean): Promise<T> {
  const deadlineMs = performance.now() + WAIT_MS_MAX
  let value = await ask()
  while (!isDone(value) && performance.now() < deadlineMs) {
    await new Promise((resolve) => setTimeout(resolve, 10))
    value = await ask()
  }
  return value
}
