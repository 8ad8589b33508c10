/** A client on the wire: it sends what it is told, and keeps what the broker sends by itself. */
import { ConsumerData, HeartbeatData, SubscriptionData } from '../../net/protocol/heartbeat.ts'
import { encodeBody } from '../../net/protocol/json-shape.ts'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { RemotingClient } from '../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../net/remoting/remoting-command.ts'
import type { RequestHandler } from '../../net/remoting/request-routes.ts'

const TIMEOUT_MS = 20_000

/** What a member says of itself with a heartbeat. */
export interface MemberBeat {
  readonly group: string
  /** Topic to expression. */
  readonly topics?: Readonly<Record<string, string>>
  readonly subVersion?: number
  readonly messageModel?: 'CLUSTERING' | 'BROADCASTING'
  readonly producers?: readonly string[]
}

export type Fields = Readonly<Record<string, string | number | boolean>>

export class RawMember implements AsyncDisposable {
  readonly clientId: string
  /** Requests of the broker, oldest first. */
  readonly pushes: RemotingCommand[] = []
  readonly #address: string
  readonly #client: RemotingClient

  /** @param answer what the broker's requests are answered with. @default nothing */
  constructor(address: string, clientId: string, answer: RequestHandler = () => undefined) {
    this.#address = address
    this.clientId = clientId
    this.#client = new RemotingClient(
      {},
      {
        route: () => (request, connection) => {
          this.pushes.push(request)
          return answer(request, connection)
        },
      },
    )
  }

  /** Pushes of one code. */
  pushed(code: number): RemotingCommand[] {
    return this.pushes.filter((push) => push.code === code)
  }

  ask(
    code: number,
    fields: Fields = {},
    body?: Buffer,
    language?: string,
  ): Promise<RemotingCommand> {
    const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    const request = createRequest(code, { extFields, body })
    if (language !== undefined) request.language = language
    return this.#client.invoke(this.#address, request, TIMEOUT_MS)
  }

  beat({ group, topics = {}, subVersion = 1, messageModel, producers = [] }: MemberBeat) {
    const consumer = ConsumerData.read({ groupName: group, messageModel: messageModel ?? null }, '')
    const subscriptionDataSet = Object.entries(topics).map(([topic, subString]) =>
      SubscriptionData.read({ topic, subString, subVersion }, ''),
    )
    const body = encodeBody(HeartbeatData, {
      clientID: this.clientId,
      consumerDataSet:
        subscriptionDataSet.length === 0 ? [] : [{ ...consumer, subscriptionDataSet }],
      heartbeatFingerprint: 0,
      producerDataSet: producers.map((groupName) => ({ groupName })),
      withoutSub: false,
    })
    return this.ask(RequestCode.HEART_BEAT, {}, body)
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#client.close()
  }
}
