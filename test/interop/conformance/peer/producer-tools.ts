import { randomUUID } from 'node:crypto'
import { Producer, type SendResult } from '../../../../net/client/index.ts'
import type { ReceivedMessage, SentMessage } from '../../java-toolbox.ts'
import type { Find, ProducerStart, Question, Reply, Send, SendOutcome } from '../requests.ts'
import { connection, messageOf, refusalOf } from './connection.ts'
import { rowOf as rowOfReceived } from './received-rows.ts'

const SEND_TIMEOUT_MS = 10_000
/** By the names that Java has for them. */
const COMPRESS_TYPES = { ZLIB: 'zlib', LZ4: 'lz4', ZSTD: 'zstd' } as const

/** Sends with the producer of this package; see ProducerTools.java. */
export class ProducerTools {
  readonly #running = new Map<string, Producer>()

  async start(request: ProducerStart): Promise<{ readonly producer: string }> {
    const name = randomUUID()
    const producer = await Producer.start({
      ...connection(request),
      group: request.group,
      sendTimeoutMs: SEND_TIMEOUT_MS,
      compressFromBytes: request.compressFromBytes,
      compressType: COMPRESS_TYPES[request.compressType ?? 'ZLIB'],
    })
    this.#running.set(name, producer)
    return { producer: name }
  }

  async send(request: Send & { readonly producer: string }): Promise<SendOutcome> {
    try {
      return { sent: await send(this.#get(request.producer), request) }
    } catch (error) {
      return { failure: refusalOf(error) }
    }
  }

  async request(request: Question & { readonly producer: string }): Promise<Reply> {
    const { message, producer, timeoutMs, topic } = request
    try {
      const question = messageOf(topic, message)
      const reply = await this.#get(producer).request(question, { timeoutMs })
      return { body: reply.body.toString(), topic: reply.topic }
    } catch (error) {
      return { failure: refusalOf(error) }
    }
  }

  async find(request: Find & { readonly producer: string }): Promise<readonly ReceivedMessage[]> {
    const producer = this.#get(request.producer)
    const { topic } = request
    const found =
      request.messageId === undefined
        ? await producer.queryMessages(topic, request.key ?? '')
        : [await producer.viewMessage(topic, request.messageId)]
    return found
      .filter((message) => message !== undefined)
      .map((message) => rowOfReceived(message, 1))
  }

  async stop(request: { readonly producer: string }): Promise<void> {
    await this.#get(request.producer).close()
    this.#running.delete(request.producer)
  }

  #get(name: string): Producer {
    const producer = this.#running.get(name)
    if (producer === undefined) throw new Error(`no producer ${name}`)
    return producer
  }
}

async function send(producer: Producer, request: Send): Promise<SentMessage[]> {
  const { mode, queueIds, shardingKey, topic } = request
  const messages = request.messages.map((message) => messageOf(topic, message))
  if (mode === 'async') {
    const results = await Promise.all(messages.map((message) => producer.send(message)))
    return results.map(rowOf)
  }
  if (mode === 'batch') {
    const parts = await producer.sendBatch(messages)
    return parts.map(({ messageIds, offsetMessageIds, ...rest }) =>
      rowOf({
        ...rest,
        messageId: messageIds.join(','),
        offsetMessageId: offsetMessageIds.join(','),
      }),
    )
  }
  const rows: SentMessage[] = []
  for (const [index, message] of messages.entries()) {
    if (mode === 'oneway') {
      await producer.sendOneway(message)
    } else if (queueIds !== undefined) {
      const queueId = queueIds[index % queueIds.length]
      const options = {
        selector: (queues: Parameters<NonNullable<SelectorOption>>[0]) =>
          queues.find((queue) => queue.queueId === queueId)!,
      }
      rows.push(rowOf(await producer.send(message, options)))
    } else {
      rows.push(rowOf(await producer.send(message, { shardingKey })))
    }
  }
  return rows
}

type SelectorOption = NonNullable<Parameters<Producer['send']>[1]>['selector']

function rowOf(result: SendResult): SentMessage {
  const { messageId, offsetMessageId, queue, queueOffset, status } = result
  const { brokerName, queueId } = queue
  return {
    status,
    msgId: messageId,
    offsetMsgId: offsetMessageId,
    queueId,
    brokerName,
    queueOffset,
  }
}
