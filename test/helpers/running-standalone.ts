import type { Logger } from '../../engine/base/logger.ts'
import type { BrokerOptions } from '../../net/broker/options/broker-config.ts'
import { RemotingClient } from '../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../net/remoting/remoting-command.ts'
import { type Standalone, startStandalone } from '../../net/standalone/index.ts'
import { type TemporaryFolder, temporaryFolder } from './temporary-folder.ts'

const TIMEOUT_MS = 10_000
export const SMALL_STORE = {
  segmentBytes: 1024 * 1024,
  consumeQueueFileBytes: 20 * 1000,
  indexSlotCount: 1000,
  indexEntryCount: 4000,
}

/** A standalone on free ports in a folder of its own, with a client that speaks raw commands. */
export class RunningStandalone implements AsyncDisposable {
  readonly server: Standalone
  readonly client: RemotingClient
  readonly #folder: TemporaryFolder

  static async start(
    broker: BrokerOptions = {},
    extras: { readonly logger?: Logger } = {},
  ): Promise<RunningStandalone> {
    const folder = temporaryFolder('standalone')
    const server = await startStandalone({
      dataDirectory: folder.path,
      namesrvPort: 0,
      brokerPort: 0,
      broker: { ...broker, store: { ...SMALL_STORE, ...broker.store } },
      ...extras,
    })
    return new RunningStandalone(server, folder)
  }

  private constructor(server: Standalone, folder: TemporaryFolder) {
    this.server = server
    this.client = new RemotingClient({})
    this.#folder = folder
  }

  get directory(): string {
    return this.#folder.path
  }

  /** Sends one request to the broker and waits for its answer. */
  ask(
    code: number,
    fields: Readonly<Record<string, string | number | boolean>>,
    body: Buffer = Buffer.alloc(0),
    serializeType: 'JSON' | 'ROCKETMQ' = 'JSON',
  ): Promise<RemotingCommand> {
    const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    const request = createRequest(code, { extFields, body }, serializeType)
    return this.client.invoke(this.server.brokerAddress, request, TIMEOUT_MS)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    await this.server.close()
    this.#folder[Symbol.dispose]()
  }
}

/** The fields of SEND_MESSAGE_V2 with their short names. */
export function sendFields(
  topic: string,
  more: Readonly<Record<string, string | number | boolean>> = {},
): Record<string, string | number | boolean> {
  return {
    a: 'writers',
    b: topic,
    c: 'TBW102',
    d: 4,
    e: 0,
    f: 0,
    g: 1_700_000_000_000,
    h: 0,
    i: '',
    j: 0,
    k: false,
    m: false,
    ...more,
  }
}

/** The fields of PULL_MESSAGE with a subscription of their own. */
export function pullFields(
  topic: string,
  more: Readonly<Record<string, string | number | boolean>> = {},
): Record<string, string | number | boolean> {
  return {
    consumerGroup: 'readers',
    topic,
    queueId: 0,
    queueOffset: 0,
    maxMsgNums: 32,
    sysFlag: 4,
    commitOffset: 0,
    suspendTimeoutMillis: 0,
    subscription: '*',
    subVersion: 0,
    expressionType: 'TAG',
    ...more,
  }
}
