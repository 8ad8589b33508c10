import { contents } from '../contents.ts'
import type { CompressType } from '../requests.ts'
import { numbered, type Stage, sortedBodies, until } from '../stage.ts'

const TRACE_TOPIC = 'RMQ_SYS_TRACE_TOPIC'
/** More than there can be, in time enough to read what is there. */
const ALL = { count: 10_000, timeoutMs: 2_000 }
const REPLY_TIMEOUT_MS = 20_000
const LONG_BODY = 'compressible '.repeat(1_000)
/** Between the contexts of a trace message, and between the fields of one. */
const CONTEXT_END = '\u0002'
const FIELD_END = '\u0001'

/** A client asks, another one replies to it alone. */
export async function requestReply(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.consumer({ replies: true, rules: [{ body: 'unheard' }, { reply: true }] })
  const asker = await stage.producer()
  const replies = []
  for (const body of ['one', 'two', LONG_BODY]) {
    replies.push(await asker.request({ topic, message: { body }, timeoutMs: REPLY_TIMEOUT_MS }))
  }
  const unheard = { topic, message: { body: 'unheard' }, timeoutMs: 1_000 }
  const { failure } = await asker.request(unheard)
  return { replies, isUnheard: failure !== undefined }
}

/** What was sent and consumed is told by messages of a topic for that. */
export async function messageTrace(stage: Stage): Promise<unknown> {
  const topic = await stage.createTopic(1)
  await stage.createGroup()
  const producer = await stage.producer({ trace: true })
  const message = { body: 'traced', tags: 'tag', keys: ['key'] }
  const [sent] = await producer.send({ topic, messages: [message] })
  const rules = [{ times: 1, answer: 'later', delayLevel: 1 }] as const
  const consumer = await stage.consumer({ trace: true, rules })
  const received = await consumer.settled(2)
  const contexts = await until('the trace', async () => {
    const found = await stage.storedWithin(ALL, TRACE_TOPIC)
    const texts = found.flatMap(({ body }) => body.split(CONTEXT_END))
    const ours = texts.filter((text) => text.includes(sent?.msgId ?? ''))
    return ours.length >= 5 && ours
  })
  return {
    received: received.map(({ reconsumeTimes }) => reconsumeTimes),
    contexts: contexts.map((text) => steadyFields(text.split(FIELD_END))).sort(),
  }
}

/** Fields of each kind that are others in every run: times, ids, addresses (TraceDataEncoder). */
const CHANGING_FIELDS: Readonly<Record<string, readonly number[]>> = {
  Pub: [1, 5, 8, 10, 12],
  SubBefore: [1, 4, 5],
  SubAfter: [1, 2, 3, 7],
}

/** Kind, number of fields, and of them those that are the same in every run. */
function steadyFields(fields: readonly string[]): string {
  const changing = CHANGING_FIELDS[fields[0]!] ?? []
  return `${fields.length}: ${fields.filter((_, at) => !changing.includes(at)).join(' ')}`
}

/** Names of topics and groups are the namespace's own, and nobody notices. */
export async function namespaces(stage: Stage): Promise<unknown> {
  const namespace = `${stage.name}-Ns`
  const whole = await stage.createTopic(1, `${namespace}%${stage.topic}`)
  await stage.createGroup(`${namespace}%${stage.group}`)
  const producer = await stage.producer({ namespace })
  const message = { body: 'inside', tags: 'tag', keys: ['key'] }
  const sent = await producer.send({ topic: stage.topic, messages: [message] })
  const rules = [{ times: 1, answer: 'later', delayLevel: 1 }] as const
  const consumer = await stage.consumer({ namespace, rules })
  const received = await consumer.settled(2)
  return {
    status: sent.map(({ status }) => status),
    received: received.map(({ body, reconsumeTimes, topic }) => ({ body, reconsumeTimes, topic })),
    stored: (await stage.stored(1, whole)).map(contents),
  }
}

/** What is long is compressed, by the way that the producer is told, and arrives whole. */
export async function compressed(stage: Stage): Promise<unknown> {
  return compress(stage, 'ZLIB')
}

export async function compressedByLz4(stage: Stage): Promise<unknown> {
  return compress(stage, 'LZ4')
}

export async function compressedByZstd(stage: Stage): Promise<unknown> {
  return compress(stage, 'ZSTD')
}

async function compress(stage: Stage, compressType: CompressType): Promise<unknown> {
  const topic = await stage.createTopic(1)
  const producer = await stage.producer({ compressType, compressFromBytes: 2_000 })
  const messages = [{ body: LONG_BODY, properties: { a: 'b' } }, ...numbered('short', 2)]
  await producer.send({ topic, messages })
  const stored = await stage.stored(3)
  const consumer = await stage.consumer()
  return {
    flags: stored.map(({ sysFlag }) => sysFlag),
    stored: stored.map(contents),
    received: sortedBodies(await consumer.settled(3)),
  }
}
