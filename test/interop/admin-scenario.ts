import type { Replacement } from './admin-tables.ts'
import { clusterName } from './cluster.ts'
import type { Outcome } from './conformance/requests.ts'
import { until } from './conformance/stage.ts'
import type { AdminOutput, SentMessage } from './java-toolbox.ts'
import { contents, numbered, type Suite } from './suite.ts'

const TOPIC = 'AdminTopic'
const QUEUES = [0, 1, 2, 3]
/** The producer group that every client of RocketMQ is in. */
const INNER_PRODUCER_GROUP = 'CLIENT_INNER_PRODUCER'
/** For heartbeats and committed offsets to have reached the broker, in milliseconds. */
const COMMIT_INTERVAL_MS = 6_000

/** The commands in the order in which they run; what runs between them is in the scenario. */
export const adminCommands = [
  'updateTopic',
  'clusterList',
  'topicList',
  'topicListByCluster',
  'topicRoute',
  'topicStatus',
  'consumerProgress',
  'consumerProgressOfOnline',
  'consumerProgressOfOffline',
  'queryMsgById',
  'queryMsgByKey',
  'queryMsgByUniqueKey',
  'brokerStatus',
  'consumerStatus',
  'consumerConnection',
  'producerConnection',
  'producer',
  'getConsumerStatus',
  'consumeDirectly',
  'queryCq',
  'queryCqOfOnline',
  'statsAll',
  'brokerConsumeStats',
  'resetOffsetByTime',
  'consumerProgressAfterReset',
  'resetOffsetOfQueue',
  'consumerProgressAfterQueueReset',
  'skipAccumulatedMessage',
  'consumerProgressAfterSkip',
  'cloneGroupOffset',
  'consumerProgressAfterClone',
  'deleteTopic',
  'topicListAfterDelete',
] as const

export type AdminCommand = (typeof adminCommands)[number]

export interface AdminTranscript {
  readonly outputs: Readonly<Record<AdminCommand, AdminOutput>>
  /** Makes the outputs of two runs comparable. */
  readonly replacements: readonly Replacement[]
}

/**
 * Creates a topic, fills it, consumes it with one group that stays and one that leaves, lets both
 * fall behind, and asks mqadmin about everything.
 */
export async function runAdminScenario(suite: Suite): Promise<AdminTranscript> {
  const outputs: Partial<Record<AdminCommand, AdminOutput>> = {}
  const { nameServer, broker } = suite.cluster
  const run: Run = async (name, command, ...words) => {
    outputs[name] = await suite.toolbox.admin(command, '-n', nameServer, ...words)
  }

  await run('updateTopic', 'updateTopic', '-c', clusterName, '-t', TOPIC, '-r', '4', '-w', '4')
  const sent = [...(await fill(suite, 'early', 12, QUEUES))]
  const online = await suite.startConsumer({ topic: TOPIC, group: 'G-online' })
  await expectConsumed(suite, online, 12)
  await suite.consume({ topic: TOPIC, group: 'G-offline' }, 12)
  sent.push(...(await fill(suite, 'late', 3, [1])))
  const wait = { count: 15, timeoutMs: COMMIT_INTERVAL_MS, quietMs: COMMIT_INTERVAL_MS }
  await suite.toolbox.awaitMessages(online, wait)
  // Of both groups, whenever their clients come to it.
  await awaitCommitted(suite, 'G-online', 15)
  await awaitCommitted(suite, 'G-offline', 12)

  const first = sent[0]
  if (first === undefined) throw new Error('nothing was sent')
  await run('clusterList', 'clusterList')
  await run('topicList', 'topicList')
  await run('topicListByCluster', 'topicList', '-c')
  await run('topicRoute', 'topicRoute', '-t', TOPIC)
  await run('topicStatus', 'topicStatus', '-t', TOPIC)
  await run('consumerProgress', 'consumerProgress')
  await run('consumerProgressOfOnline', 'consumerProgress', '-g', 'G-online')
  await run('consumerProgressOfOffline', 'consumerProgress', '-g', 'G-offline')
  await run('queryMsgById', 'queryMsgById', '-t', TOPIC, '-i', first.offsetMsgId)
  await run('queryMsgByKey', 'queryMsgByKey', '-t', TOPIC, '-k', 'shared-0')
  await run('queryMsgByUniqueKey', 'queryMsgByUniqueKey', '-t', TOPIC, '-i', first.msgId)
  await run('brokerStatus', 'brokerStatus', '-b', broker)
  await run('consumerConnection', 'consumerConnection', '-g', 'G-online')
  const client = clientIdIn(outputs.consumerConnection, online)
  await askAboutClients(run, broker, client, first.offsetMsgId)
  await askAboutQueues(run, broker)
  await suite.toolbox.stopConsumer(online)
  await suite.toolbox.admin('updateSubGroup', '-n', nameServer, '-b', broker, '-g', 'G-clone')
  await suite.createTopic('%RETRY%G-clone', 1)
  await moveOffsets(run, broker)
  await run('deleteTopic', 'deleteTopic', '-c', clusterName, '-t', TOPIC)
  await run('topicListAfterDelete', 'topicList')
  return {
    outputs: outputs as Record<AdminCommand, AdminOutput>,
    replacements: [{ from: client, to: 'CLIENT' }, ...replacementsFor(suite, sent)],
  }
}

type Run = (name: AdminCommand, command: string, ...words: string[]) => Promise<void>

async function askAboutClients(
  run: Run,
  broker: string,
  client: string,
  offsetMessageId: string,
): Promise<void> {
  const group = ['-g', 'G-online']
  const topic = ['-t', TOPIC]
  await run('consumerStatus', 'consumerStatus', ...group)
  await run('producerConnection', 'producerConnection', '-g', INNER_PRODUCER_GROUP, ...topic)
  await run('producer', 'producer', '-b', broker)
  await run('getConsumerStatus', 'getConsumerStatus', ...group, ...topic)
  const message = [...topic, '-i', offsetMessageId, '-d', client]
  await run('consumeDirectly', 'queryMsgById', ...group, ...message)
}

async function askAboutQueues(run: Run, broker: string): Promise<void> {
  const queue = ['-t', TOPIC, '-q', '1', '-c', '4']
  await run('queryCq', 'queryCq', ...queue, '-i', '0')
  await run('queryCqOfOnline', 'queryCq', ...queue, '-i', '2', '-g', 'G-online')
  await run('statsAll', 'statsAll', '-t', TOPIC)
  await run('brokerConsumeStats', 'brokerConsumeStats', '-b', broker)
}

/** What becomes of a group that is not connected. */
async function moveOffsets(run: Run, broker: string): Promise<void> {
  const group = ['-g', 'G-offline']
  const both = [...group, '-t', TOPIC]
  await run('resetOffsetByTime', 'resetOffsetByTime', ...both, '-s', '0')
  await run('consumerProgressAfterReset', 'consumerProgress', ...group)
  const queue = ['-b', broker, '-q', '1', '-o', '2']
  await run('resetOffsetOfQueue', 'resetOffsetByTime', ...both, '-s', '0', ...queue)
  await run('consumerProgressAfterQueueReset', 'consumerProgress', ...group)
  await run('skipAccumulatedMessage', 'skipAccumulatedMessage', ...both)
  await run('consumerProgressAfterSkip', 'consumerProgress', ...group)
  const clone = ['-s', 'G-offline', '-d', 'G-clone', '-t', TOPIC]
  await run('cloneGroupOffset', 'cloneGroupOffset', ...clone)
  await run('consumerProgressAfterClone', 'consumerProgress', '-g', 'G-clone')
}

/** The whole id of a client that was started with a name of its own. */
function clientIdIn(output: AdminOutput | undefined, instance: string): string {
  const found = new RegExp(`\\S+@${instance}`).exec(output?.stdout ?? '')?.[0]
  if (found === undefined) throw new Error(`no client ${instance} in: ${output?.stdout}`)
  return found
}

/** One queue after the other, so that both runs leave the same offsets. */
async function fill(
  suite: Suite,
  name: string,
  count: number,
  queueIds: readonly number[],
): Promise<readonly SentMessage[]> {
  const { sent, failure } = await suite.toolbox.produce({
    nameServer: suite.cluster.nameServer,
    group: 'P-admin',
    topic: TOPIC,
    mode: 'sync',
    queueIds,
    messages: numbered(name, count),
  })
  if (sent === undefined) throw new Error(`the send failed: ${JSON.stringify(failure)}`)
  return sent
}

/** Waits until the offsets of a group add up to `sum`. */
async function awaitCommitted(suite: Suite, group: string, sum: number): Promise<void> {
  const { nameServer } = suite.cluster
  const request = { nameServer, action: 'committed', topic: TOPIC, group }
  await until(`the offsets of ${group}`, async () => {
    const { result } = (await suite.toolbox.ask('adminDo', request)) as Outcome
    return result === sum
  })
}

async function expectConsumed(suite: Suite, consumer: string, count: number): Promise<void> {
  const wait = { count, timeoutMs: 40_000, quietMs: 0 }
  const received = contents(await suite.toolbox.awaitMessages(consumer, wait))
  if (received.length !== count) throw new Error(`consumed ${received.length} of ${count}`)
}

function replacementsFor(suite: Suite, sent: readonly SentMessage[]): readonly Replacement[] {
  const ids = sent.flatMap((message, at) => [
    { from: message.msgId, to: `UNIQUE-${at}` },
    { from: message.offsetMsgId, to: `OFFSET-${at}` },
  ])
  const { broker, nameServer, dataDirectory } = suite.cluster
  return [
    ...ids,
    { from: broker, to: 'BROKER' },
    { from: nameServer, to: 'NAMESRV' },
    { from: dataDirectory, to: 'DATA' },
  ]
}
