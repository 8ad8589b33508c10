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

export class KilledBroker {
  readonly process: AgenaProcess
  readonly #client = new RemotingClient()
  readonly #secondClient = new RemotingClient()
  #address = ''
  #pid = 0

  private constructor(started: AgenaProcess) {
    this.process = started
  }

  /** @param under a program that starts it, with its arguments */
  static async start(
    directory: string,
    settings: readonly string[],
    under: readonly string[] = [],
  ): Promise<KilledBroker> {
    const words = settings.flatMap((setting) => ['--set', setting])
    const ports = ['--namesrv-port', '0', '--broker-port', '0']
    const started = new AgenaProcess(['standalone', '--data', directory, ...ports, ...words], {
      under,
    })
    const broker = new KilledBroker(started)
    const facts = await started.ready()
    broker.#address = facts['broker'] ?? ''
    broker.#pid = Number(facts['pid'])
    return broker
  }

  get pid(): number {
    return this.#pid
  }

  /** @throws {RemotingError} when no answer comes. */
  ask(code: number, fields: Fields, body: Buffer = Buffer.alloc(0)): Promise<RemotingCommand> {
    return this.#invoke(this.#client, code, fields, body)
  }

  /** The same on another connection. */
  askAside(code: number, fields: Fields): Promise<RemotingCommand> {
    return this.#invoke(this.#secondClient, code, fields, Buffer.alloc(0))
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

  #invoke(
    client: RemotingClient,
    code: number,
    fields: Fields,
    body: Buffer,
  ): Promise<RemotingCommand> {
    const extFields = new Map(Object.entries(fields).map(([name, value]) => [name, String(value)]))
    return client.invoke(this.#address, createRequest(code, { extFields, body }), TIMEOUT_MS)
  }

  async #hangUp(): Promise<void> {
    await Promise.all([this.#client.close(), this.#secondClient.close()])
  }
}
