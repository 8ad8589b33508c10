/**
 * A member of a group that consumes in order, in a process of its own:
 *
 *   node ordered-member.js NAME_SERVER TOPIC GROUP LOG NAME SEED
 *
 * It writes a line to LOG before and after each call of its listener, in the form of
 * witness-log.ts. All members append to the same file, so the order of its lines is the order in
 * which things happened, whatever a broker says. SIGTERM makes it leave the group.
 */
import { closeSync, openSync, writeSync } from 'node:fs'
import process from 'node:process'
import { setTimeout as sleep } from 'node:timers/promises'
import { PushConsumer } from '../../../net/client/index.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { witnessLine } from './witness-log.ts'

const LISTENER_MS_MAX = 12
/** Now and then one takes so long that queues are given up meanwhile, and that it is killed in. */
const LONG_ONE_OUT_OF = 40
const LONG_LISTENER_MS = 150
/** These fail at first, and are tried again in place. */
const FAILS_ONE_OUT_OF = 15
const SUSPEND_MS = 20

const [nameServer = '', topic = '', group = '', path = '', name = '', seed = '1'] =
  process.argv.slice(2)
const random = new SeededRandom(Number(seed))
const log = openSync(path, 'a')

function note(kind: 'begin' | 'end' | 'later', queueId: number, offset: number): void {
  writeSync(log, witnessLine({ kind, member: name, queueId, offset }))
}

const consumer = await PushConsumer.start({
  nameServers: [nameServer],
  group,
  instanceName: name,
  subscriptions: { [topic]: '*' },
  consumeFrom: 'first',
  consumeMode: 'orderly',
  suspendMs: SUSPEND_MS,
  persistIntervalMs: 100,
  onMessage: async ([message], { queue }) => {
    const { queueOffset = -1, reconsumeTimes = 0 } = message ?? {}
    note('begin', queue.queueId, queueOffset)
    const isLong = random.below(LONG_ONE_OUT_OF) === 0
    await sleep(isLong ? LONG_LISTENER_MS : random.below(LISTENER_MS_MAX))
    const isToFail = reconsumeTimes === 0 && queueOffset % FAILS_ONE_OUT_OF === 0
    note(isToFail ? 'later' : 'end', queue.queueId, queueOffset)
    return isToFail ? 'later' : 'success'
  },
})
process.stdout.write('joined\n')

async function leave(): Promise<void> {
  await consumer.close()
  closeSync(log)
  process.exit(0)
}

process.on('SIGTERM', () => void leave())
