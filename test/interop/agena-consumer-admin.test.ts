import { afterEach, expect, test } from 'vitest'
import { type ConsumeResult, PushConsumer, type ReceivedMessage } from '../../net/client/index.ts'
import { describeSide, sides } from './lane.ts'
import { CONSUME_TIMEOUT_MS, numbered, Suite } from './suite.ts'
import { waitFor } from './wait-for.ts'

const MESSAGE_COUNT = 6

/** A consumer of ours that has consumed some messages, and mqadmin. */
class AdminPlace {
  readonly received: ReceivedMessage[] = []
  consumer!: PushConsumer
  result: ConsumeResult = 'success'
  readonly #suite: Suite

  constructor(suite: Suite) {
    this.#suite = suite
  }

  async start(topic: string, consumeMode: 'concurrently' | 'orderly'): Promise<void> {
    await this.#suite.produce(topic, numbered('seen', MESSAGE_COUNT))
    this.received.length = 0
    this.result = 'success'
    this.consumer = await PushConsumer.start({
      nameServers: [this.#suite.cluster.nameServer],
      clientIp: '127.0.0.1',
      group: `G-${topic}`,
      consumeFrom: 'first',
      consumeMode,
      persistIntervalMs: 100,
      subscriptions: { [topic]: 'tag-0 || tag-1 || tag-2' },
      onMessage: async (messages) => {
        this.received.push(...messages)
        return this.result
      },
    })
    await waitFor(() => this.received.length === MESSAGE_COUNT, CONSUME_TIMEOUT_MS)
  }

  async admin(command: string, ...words: readonly string[]): Promise<string> {
    const { nameServer } = this.#suite.cluster
    const { stdout, stderr } = await this.#suite.toolbox.admin(command, '-n', nameServer, ...words)
    return stdout + stderr
  }
}

for (const side of sides) {
  describeSide(side, 'mqadmin on our consumer', () => {
    // Otherwise the broker resets offsets itself, and consumers are not told.
    const place = new AdminPlace(new Suite(side, { useServerSideResetOffset: 'false' }))
    afterEach(() => place.consumer.close())
    testStatus(place)
    testSteering(place)
  })
}

function testStatus(place: AdminPlace): void {
  test.each(['concurrently', 'orderly'] as const)('consumerStatus: %s', async (consumeMode) => {
    const topic = `Status-${consumeMode}`
    await place.start(topic, consumeMode)
    const { clientId } = place.consumer
    const one = await place.admin('consumerStatus', '-g', `G-${topic}`, '-i', clientId)
    expect(one).toMatch(/PROP_CONSUME_TYPE\s+: CONSUME_PASSIVELY/)
    expect(one).toMatch(new RegExp(`PROP_CONSUMEORDERLY\\s+: ${consumeMode === 'orderly'}`))
    expect(one).toMatch(new RegExp(`Topic: ${topic} .*SubExpression: tag-0 \\|\\| tag-1`))
    const rows = one.match(new RegExp(`${topic} +interop-a +\\d+ +\\d+`, 'g')) ?? []
    const offsets = rows.map((row) => Number(row.trim().split(/ +/).at(-1)))
    expect(offsets.reduce((sum, offset) => sum + offset, 0)).toBe(MESSAGE_COUNT)
    expect(one).toContain(`locked=${consumeMode === 'orderly'}`)
    const all = await place.admin('consumerStatus', '-g', `G-${topic}`)
    expect(all).toContain(clientId)
    expect(all).toContain('Same subscription in the same group of consumer')
    expect(all).toContain('Rebalance OK')
    expect(all).not.toContain("can't lock")
  })
}

function testSteering(place: AdminPlace): void {
  test('resetOffsetByTime sends the consumer back to the beginning', async () => {
    await place.start('Reset', 'concurrently')
    const reset = ['-g', 'G-Reset', '-t', 'Reset', '-s', '0', '-f', 'true']
    // Refused until the group has an offset in each queue.
    for (let text = ''; !text.includes('interop-a'); ) {
      text = await place.admin('resetOffsetByTime', ...reset)
    }
    await waitFor(() => place.received.length === 2 * MESSAGE_COUNT, CONSUME_TIMEOUT_MS)
    expect(new Set(place.received.map(({ messageId }) => messageId)).size).toBe(MESSAGE_COUNT)
  })

  test('queryMsgById gives the consumer a message directly', async () => {
    await place.start('Direct', 'concurrently')
    const { messageId, offsetMessageId } = place.received[0]!
    place.result = 'later'
    const text = await place.admin(
      'queryMsgById',
      ...['-t', 'Direct', '-i', offsetMessageId],
      ...['-g', 'G-Direct', '-d', place.consumer.clientId],
    )
    expect(text).toContain('consumeResult=CR_LATER')
    expect(place.received.at(-1)).toMatchObject({ messageId, topic: 'Direct' })
  })
}
