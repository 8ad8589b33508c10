/** What `agena dlq` does: looks through a group's topic of dead letters, and sends some again. */
import process from 'node:process'
import { CommanderError } from 'commander'
import { PropertyName } from '../../engine/format/message-const.ts'
import { propertiesToString } from '../../engine/format/properties-codec.ts'
import { ClientInstance } from '../client/client-instance.ts'
import { packBody } from '../client/compress.ts'
import { ClientError, LitePullConsumer, type ReceivedMessage } from '../client/index.ts'
import { MessageSender } from '../client/message-sender.ts'
import { PRODUCER_DEFAULTS, parseProducerOptions } from '../client/producer-options.ts'
import { QueueOffsets } from '../client/queue-offsets.ts'
import { retryTopicOf } from '../client/resource-name.ts'
import { printMessage } from './print-message.ts'

/** What `agena dlq list` and `read` are told. */
export interface DeadLetterArguments {
  readonly namesrv: string
  readonly id?: readonly string[]
  readonly count?: number
  readonly json?: boolean
}

/** What `agena dlq resend` is told. */
export interface ResendArguments {
  readonly namesrv: string
  readonly id?: readonly string[]
  readonly all?: boolean
  readonly toTopic?: boolean
}

const DEAD_LETTER_PREFIX = '%DLQ%'
/** The group of whoever only looks: it never stores an offset. */
const LOOKING_GROUP = 'agena_cli_undertaker'
const POLL_COUNT_MAX = 32
const POLL_MS = 1000
const SEND_TIMEOUT_MS = 10_000
/** They belong to the way that led here. */
const WAY_PROPERTIES = [
  PropertyName.DELAY_TIME_LEVEL,
  PropertyName.REAL_TOPIC,
  PropertyName.REAL_QUEUE_ID,
  PropertyName.WAIT_STORE_MSG_OK,
] as const

/** Where a dead letter came from. */
interface Origin {
  readonly originTopic: string
  readonly originMessageId: string
}

/** Prints a line of facts for each dead letter. */
export async function listDeadLetters(group: string, options: DeadLetterArguments): Promise<void> {
  await lookAtEach(group, options, async (message) => {
    const { messageId, storeTimestampMs, reconsumeTimes, keys } = message
    const { originTopic, originMessageId } = originOf(message)
    const storeTime = new Date(storeTimestampMs).toISOString()
    const facts = { storeTime, messageId, reconsumeTimes, originTopic, originMessageId, keys }
    const line = Object.values({ ...facts, keys: keys.join(',') }).join(' ')
    process.stdout.write(`${options.json === true ? JSON.stringify(facts) : line.trim()}\n`)
  })
}

/** Prints the dead letters themselves. */
export async function readDeadLetters(group: string, options: DeadLetterArguments): Promise<void> {
  await lookAtEach(group, options, (message) =>
    printMessage(message, options.json === true, originOf(message)),
  )
}

/** {@link eachDeadLetter}; that there is none is said beside the output, which stays empty. */
async function lookAtEach(
  group: string,
  options: DeadLetterArguments,
  take: (message: ReceivedMessage) => Promise<void>,
): Promise<void> {
  let count = 0
  await eachDeadLetter(group, options, async (message) => {
    count += 1
    await take(message)
  })
  const which = options.id === undefined ? 'no dead letters' : 'no such dead letters'
  if (count === 0) process.stderr.write(`${group} has ${which}\n`)
}

/** Sends dead letters again, and says of each where it is now. */
export async function resendDeadLetters(group: string, options: ResendArguments): Promise<void> {
  if ((options.id === undefined) === (options.all !== true)) {
    process.stderr.write('error: say which: --id or --all\n')
    throw new CommanderError(1, 'agena.dlq.which', 'say which: --id or --all')
  }
  await using instance = instanceOf(options.namesrv)
  const sender = new MessageSender(instance, parseProducerOptions(producerOptions(options.namesrv)))
  let sentCount = 0
  const isAll = await eachDeadLetter(group, options, async (message) => {
    const topic = options.toTopic === true ? originOf(message).originTopic : retryTopicOf(group)
    const receipt = await sender.send(await outgoing(message, topic), SEND_TIMEOUT_MS)
    process.stdout.write(`${message.messageId} ${topic} ${receipt.offsetMessageId}\n`)
    sentCount += 1
  })
  process.stderr.write(`sent ${sentCount} dead letters of ${group} again\n`)
  if (!isAll) throw missing(group)
}

/**
 * Hands over the dead letters that are wanted, oldest first.
 * @returns false when one was asked for by an id that none has
 */
async function eachDeadLetter(
  group: string,
  { namesrv, id, count = Number.POSITIVE_INFINITY }: DeadLetterArguments,
  take: (message: ReceivedMessage) => Promise<void>,
): Promise<boolean> {
  const wanted = id === undefined ? undefined : new Set(id)
  let leftCount = count
  for await (const message of deadLettersOf(group, namesrv)) {
    if (leftCount === 0) break
    const names = [message.messageId, message.offsetMessageId, originOf(message).originMessageId]
    if (wanted !== undefined && !names.some((name) => wanted.has(name))) continue
    for (const name of names) wanted?.delete(name)
    leftCount -= 1
    await take(message)
  }
  return wanted === undefined || wanted.size === 0
}

/** All dead letters that are there now; none where there is no topic of them. */
async function* deadLettersOf(
  group: string,
  namesrv: string,
): AsyncGenerator<ReceivedMessage, void, undefined> {
  const nameServers = namesrv.split(';')
  await using instance = instanceOf(namesrv)
  await using consumer = await LitePullConsumer.start({
    nameServers,
    group: LOOKING_GROUP,
    autoCommit: false,
  })
  const queues = await consumer.fetchQueues(DEAD_LETTER_PREFIX + group).catch(noneOfTopic)
  const offsets = new QueueOffsets(instance)
  for (const queue of queues) {
    await consumer.assign([queue])
    await consumer.seek(queue, 'first')
    const end = await offsets.max(queue)
    for (let next = await offsets.min(queue); next < end; ) {
      const messages = await consumer.poll({ timeoutMs: POLL_MS, countMax: POLL_COUNT_MAX })
      for (const message of messages) if (message.queueOffset < end) yield message
      next = (messages.at(-1)?.queueOffset ?? next - 1) + 1
    }
  }
}

/** A group that never gave up has no such topic. */
function noneOfTopic(error: unknown): [] {
  if (error instanceof ClientError && error.code === 'CLIENT_TOPIC_NOT_FOUND') return []
  throw error
}

function originOf({ properties, topic, messageId }: ReceivedMessage): Origin {
  return {
    originTopic: properties.get(PropertyName.RETRY_TOPIC) ?? topic,
    originMessageId: properties.get(PropertyName.ORIGIN_MESSAGE_ID) ?? messageId,
  }
}

async function outgoing(message: ReceivedMessage, topic: string) {
  const properties = new Map(message.properties)
  for (const name of WAY_PROPERTIES) properties.delete(name)
  return {
    ...(await packBody(message.body, PRODUCER_DEFAULTS)),
    topic,
    flag: message.flag,
    properties: propertiesToString(properties),
    messageIds: [message.messageId],
    isBatch: false,
    reconsumeTimes: 0,
  }
}

function producerOptions(namesrv: string) {
  return { nameServers: namesrv.split(';'), group: LOOKING_GROUP }
}

function instanceOf(namesrv: string): ClientInstance {
  return new ClientInstance(parseProducerOptions(producerOptions(namesrv)), {
    producerGroups: [LOOKING_GROUP],
    leavesCalls: false,
    consumers: () => [],
    onRouteChange: () => undefined,
    handlerOf: () => undefined,
  })
}

function missing(group: string): ClientError {
  const message = `${group} has no dead letter of some of the ids that were given`
  return new ClientError('CLIENT_OPTION_INVALID', message)
}
