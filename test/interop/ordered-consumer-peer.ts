/**
 * A member of a group that consumes in order, in a process of its own: it prints a line before and
 * after each message. Arguments: name server, topic, group.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { PushConsumer } from '../../net/client/index.ts'

const [nameServer = '', topic = '', group = ''] = process.argv.slice(2)

/** Long enough to be killed in. */
const LISTENER_MS = 10

await PushConsumer.start({
  nameServers: [nameServer],
  group,
  subscriptions: { [topic]: '*' },
  consumeFrom: 'first',
  consumeMode: 'orderly',
  onMessage: async ([message], { queue }) => {
    const place = `${queue.queueId} ${message?.queueOffset}`
    process.stdout.write(`begin ${place} ${Date.now()}\n`)
    await sleep(LISTENER_MS)
    process.stdout.write(`end ${place} ${Date.now()}\n`)
    return 'success'
  },
})
