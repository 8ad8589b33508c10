/** A real broker process on a directory, with what a test asks of it. */
import process from 'node:process'
import { messagesIn, type StoredMessage } from '../../../engine/format/stored-message.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { type AgenaEnd, AgenaProcess } from '../../helpers/agena-process.ts'
import { pullFields } from '../../helpers/running-standalone.ts'

const TIMEOUT_MS = 15_000
const MESSAGES_PER_PULL = 32
const SUCCESS = 0

type Fields = Readonly<Record<string, string | number | boolean>>

export interface KilledBrokerOptions {
  /** A program that starts it, with its arguments. @default none */
  readonly under?: readonly string[]
  /** @default free ones */
  readonly ports?: { readonly nameServer: number; readonly broker: number }
  readonly env?: Readonly<Record<string, string>>
}

export class KilledBroker {
  readonly process: AgenaProcess
  readonly #client = new RemotingClient()
  readonly #secondClient = new RemotingClient()
  #address = ''
  #nameServer = ''
  #pid = 0

  private constructor(started: AgenaProcess) {
    this.process = started
  }

  static async start(
    directory: string,
    settings: readonly string[],
    { under = [], ports = { nameServer: 0, broker: 0 }, env = {} }: KilledBrokerOptions = {},
  ): Promise<KilledBroker> {
    const words = settings.flatMap((setting) => ['--set', setting])
    const nameServerPort = ['--namesrv-port', String(ports.nameServer)]
    const where = [...nameServerPort, '--broker-port', String(ports.broker)]
    const started = new AgenaProcess(['standalone', '--data', directory, ...where, ...words], {
      under,
      env,
    })
    const broker = new KilledBroker(started)
    const facts = await started.ready()
    broker.#address = facts['broker'] ?? ''
    broker.#nameServer = facts['namesrv'] ?? ''
    broker.#pid = Number(facts['pid'])
    return broker
  }

  /** `host:port` of the broker. */
  get address(): string {
    return this.#address
  }

  /** `host:port` of the name server. */
  get nameServer(): string {
    return this.#nameServer
  }

  /** Of the broker itself, not of the program that it was started under. */
  get pid(): number {
    return this.#pid
  }

  /** @throws {RemotingError} when no answer comes. */
  ask(code: number, fields: Fields, body: Buffer = Buffer.alloc(0)): Promise<RemotingCommand> {
    return this.#client.invoke(this.#address, requestOf(code, fields, body), TIMEOUT_MS)
  }

  /** @throws {RemotingError} when no answer comes. */
  askNameServer(code: number, fields: Fields): Promise<RemotingCommand> {
    return this.#client.invoke(this.#nameServer, requestOf(code, fields), TIMEOUT_MS)
  }

  /** As {@link ask}, on another connection. */
  askAside(code: number, fields: Fields): Promise<RemotingCommand> {
    return this.#secondClient.invoke(this.#address, requestOf(code, fields), TIMEOUT_MS)
  }

  /** Ends it at once, if it still runs. */
  end(): void {
    const { exitCode, signalCode } = this.process.child
    if (exitCode === null && signalCode === null) process.kill(this.#pid, 'SIGKILL')
  }

  async kill(): Promise<void> {
    this.end()
    await this.process.ended
    await this.#hangUp()
  }

  /** Asks it to stop; what it printed at last, and its exit code. */
  async stop(): Promise<AgenaEnd> {
    await this.#hangUp()
    // The process itself, not the one that it was started under.
    process.kill(this.#pid, 'SIGTERM')
    return this.process.ended
  }

  async endOf(topic: string, queueId: number): Promise<number> {
    const answer = await this.ask(RequestCode.GET_MAX_OFFSET, { topic, queueId, committed: true })
    return Number(answer.extFields.get('offset') ?? 0)
  }

  /** Every message of a queue, from its oldest on. After a start its units may still be built. */
  async readAll(topic: string, queueId: number): Promise<StoredMessage[]> {
    const end = await this.endOf(topic, queueId)
    const messages: StoredMessage[] = []
    const untilMs = performance.now() + TIMEOUT_MS
    for (let queueOffset = 0; queueOffset < end; ) {
      const fields = pullFields(topic, { queueId, queueOffset, maxMsgNums: MESSAGES_PER_PULL })
      const answer = await this.ask(RequestCode.PULL_MESSAGE, fields)
      const next = Number(answer.extFields.get('nextBeginOffset'))
      if (answer.code === SUCCESS) messages.push(...messagesIn(answer.body, { checkCrc: true }))
      if (next > queueOffset) {
        queueOffset = next
      } else {
        if (performance.now() > untilMs) {
          throw new Error(`${topic}/${queueId} goes nowhere at ${queueOffset}: ${answer.remark}`)
        }
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    return messages
  }

  async #hangUp(): Promise<void> {
    await Promise.all([this.#client.close(), this.#secondClient.close()])
  }
}

function requestOf(code: number, fields: Fields, body: Buffer = Buffer.alloc(0)): RemotingCommand {
  const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
  return createRequest(code, { extFields, body })
}
