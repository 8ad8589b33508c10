/**
 * Goal: our client asks and answers, traces, and lives in a namespace as Java's does, beside it,
 * and on either broker.
 * Method: each pair of one Java client and one of ours, and `mqadmin` to read the traces.
 */
import { expect, test } from 'vitest'
import {
  createReply,
  Producer,
  PushConsumer,
  type PushConsumerOptions,
} from '../../net/client/index.ts'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, Suite } from './suite.ts'

const LONG = 'long '.repeat(2_000)
const QUESTIONS = ['one', 'two', LONG]
const ANSWERS = QUESTIONS.map((question) => `re: ${question}`)
const NAMESPACE = 'MQ_INST_1_test'

function commonOf(suite: Suite, group: string) {
  return { nameServers: [suite.cluster.nameServer], group }
}

async function startReplier(suite: Suite, topic: string): Promise<AsyncDisposable> {
  const producer = await Producer.start(commonOf(suite, 'P-our-replier'))
  const consumer = await PushConsumer.start({
    ...commonOf(suite, 'G-replier'),
    subscriptions: { [topic]: '*' },
    consumeFrom: 'first',
    onMessage: async ([question]) => {
      await producer.send(createReply(question!, `re: ${question!.body.toString()}`))
      return 'success'
    },
  })
  const close = async (): Promise<void> => {
    await consumer.close()
    await producer.close()
  }
  return { [Symbol.asyncDispose]: close }
}

async function ask(suite: Suite, topic: string): Promise<string[]> {
  await using producer = await Producer.start(commonOf(suite, 'P-our-asker'))
  const replies: string[] = []
  for (const body of QUESTIONS) {
    const { body: reply } = await producer.request({ topic, body }, { timeoutMs: 30_000 })
    replies.push(reply.toString())
  }
  return replies
}

async function javaAsks(suite: Suite, topic: string): Promise<string[]> {
  const { toolbox } = suite
  const start = { nameServer: suite.cluster.nameServer, group: 'P-java-asker' }
  const { producer } = (await toolbox.ask('producerStart', start)) as { producer: string }
  const replies: string[] = []
  for (const body of QUESTIONS) {
    const question = { producer, topic, message: { body }, timeoutMs: 30_000 }
    const reply = (await toolbox.ask('producerRequest', question)) as { body: string }
    replies.push(reply.body)
  }
  await toolbox.ask('producerStop', { producer })
  return replies
}

async function collect(suite: Suite, options: Partial<PushConsumerOptions>, bodies: string[]) {
  return PushConsumer.start({
    ...commonOf(suite, 'G-named'),
    consumeFrom: 'first',
    persistIntervalMs: 200,
    onMessage: async ([message], context) => {
      bodies.push(`${message!.topic} ${context.queue.topic} ${message!.body.toString()}`)
      return 'success'
    },
    ...options,
  })
}

function tryRequests(suite: Suite): void {
  test('a Java client replies to ours', async () => {
    await suite.createTopic('OursAsk', 2)
    const replying = { replies: true, rules: [{ reply: true }] }
    const consumer = await suite.startConsumer({ topic: 'OursAsk', group: 'G-java', ...replying })
    expect(await ask(suite, 'OursAsk')).toEqual(ANSWERS)
    await suite.toolbox.stopConsumer(consumer)
  })

  test('our client replies to a Java one, and to ours', async () => {
    await suite.createTopic('OursReply', 2)
    await using replier = await startReplier(suite, 'OursReply')
    expect(replier).toBeDefined()
    expect(await javaAsks(suite, 'OursReply')).toEqual(ANSWERS)
    expect(await ask(suite, 'OursReply')).toEqual(ANSWERS)
  })

  test('a request that nobody replies to ends with a code of its own', async () => {
    await suite.createTopic('Silent', 1)
    await using producer = await Producer.start(commonOf(suite, 'P-our-asker'))
    const request = producer.request({ topic: 'Silent', body: 'x' }, { timeoutMs: 300 })
    await expect(request).rejects.toMatchObject({ code: 'CLIENT_REPLY_TIMEOUT' })
  })
}

function tryTraces(suite: Suite): void {
  test('mqadmin shows what became of a message', async () => {
    await suite.createTopic('Traced', 1)
    const { nameServer } = suite.cluster
    let sentId = ''
    const consumed: string[] = []
    {
      await using consumer = await PushConsumer.start({
        ...commonOf(suite, 'G-traced'),
        subscriptions: { Traced: '*' },
        consumeFrom: 'first',
        enableTrace: true,
        onMessage: async ([message]) => {
          consumed.push(message!.messageId)
          return 'success'
        },
      })
      await using producer = await Producer.start({
        ...commonOf(suite, 'P-traced'),
        enableTrace: true,
      })
      const sent = await producer.send({ topic: 'Traced', body: 'x', tags: 'a', keys: 'k1' })
      sentId = sent.messageId
      await expect.poll(() => consumed, { timeout: CONSUME_TIMEOUT_MS }).toEqual([sentId])
      expect(consumer.status).toBe('open')
    }
    const words = ['queryMsgTraceById', '-n', nameServer, '-i', sentId] as const
    const shown = async (): Promise<string> => (await suite.toolbox.admin(...words)).stdout
    await expect.poll(shown, { timeout: CONSUME_TIMEOUT_MS }).toMatch(/G-traced[\s\S]*success/)
    const text = await shown()
    expect(text).toMatch(/Pub\s+P-traced\s+\S+\s+\d{4}-\d\d-\d\d \S+\s+\d+ms\s+success/)
    expect(text).toMatch(/Sub\s+G-traced\s+\S+\s+\d{4}-\d\d-\d\d \S+\s+\d+ms\s+success/)
  })
}

function tryNamespaces(suite: Suite): void {
  test('both clients know a topic and a group by their names in a namespace', async () => {
    await suite.createTopic(`${NAMESPACE}%Named`, 1)
    const { nameServer } = suite.cluster
    await using producer = await Producer.start({
      ...commonOf(suite, 'P-named'),
      namespace: NAMESPACE,
    })
    const { queue } = await producer.send({ topic: 'Named', body: 'from ours' })
    expect(queue.topic).toBe('Named')
    const { failure } = await suite.toolbox.produce({
      nameServer,
      namespace: NAMESPACE,
      group: 'P-java-named',
      topic: 'Named',
      mode: 'sync',
      messages: [{ body: 'from Java' }],
    })
    expect(failure).toBeUndefined()
    const subscription = { topic: 'Named', group: 'G-java-named', namespace: NAMESPACE }
    const received = await suite.consume(subscription, 2)
    expect(received.map(({ body, topic }) => `${topic} ${body}`).sort()).toEqual([
      'Named from Java',
      'Named from ours',
    ])
    const bodies: string[] = []
    const inside = { namespace: NAMESPACE, subscriptions: { Named: '*' } }
    await using consumer = await collect(suite, inside, bodies)
    await expect.poll(() => bodies.length, { timeout: CONSUME_TIMEOUT_MS }).toBe(2)
    expect(bodies.sort()).toEqual(['Named Named from Java', 'Named Named from ours'])
    expect(consumer.assigned.map(({ topic }) => topic).sort()).toEqual(['%RETRY%G-named', 'Named'])
    const words = ['-n', nameServer, '-g', `${NAMESPACE}%G-named`]
    const progress = async (): Promise<string> =>
      (await suite.toolbox.admin('consumerProgress', ...words)).stdout
    const wait = { timeout: CONSUME_TIMEOUT_MS }
    await expect.poll(progress, wait).toContain(`${NAMESPACE}%Named`)
  })
}

for (const side of sides) {
  describeSide(side, 'our client and what Java clients can besides sending', () => {
    const suite = new Suite(side, { traceTopicEnable: 'true' })
    tryRequests(suite)
    tryTraces(suite)
    tryNamespaces(suite)
  })
}
