import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { fill, OrderRecord, startOrdered } from './ordered-group.ts'
import { type ScenarioPlace, startProducer, until } from './scenario.ts'

const MEMBER = join(packageRoot, 'dist/test/interop/ordered-consumer-peer.js')
const COUNT = 400
/** A broker keeps the locks of a member that died for a minute. */
const TAKEOVER_MS = 90_000

/** When a consumer is killed, another one goes on with its queues, in order. */
export async function orderedKill(place: ScenarioPlace): Promise<void> {
  await using producer = await startProducer(place)
  await fill(producer, place.topic, COUNT / 4)
  const record = new OrderRecord()
  const member = new KilledMember(place, record)
  const handledByMember = (): number => record.calls.length
  await until('a beginning', () => handledByMember() > 20)
  const survivor = await startOrdered(place, 'survivor', record)
  await until('a share', () => record.calls.some((call) => call.member === 'survivor'))
  await member.kill()
  await until('everything', () => record.handledCount === COUNT, TAKEOVER_MS)
  await survivor.close()
  record.assertInOrder()
}

/** Notes what the member in the other process prints. */
class KilledMember {
  readonly #child: ChildProcess
  readonly #record: OrderRecord
  readonly #begun = new Map<string, number>()
  readonly #read: Promise<unknown>

  constructor(place: ScenarioPlace, record: OrderRecord) {
    this.#record = record
    const words = [MEMBER, place.nameServer, place.topic, place.group]
    this.#child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
    const lines = createInterface({ input: this.#child.stdout! })
    lines.on('line', (line) => this.#note(line))
    this.#read = once(lines, 'close')
  }

  /** SIGKILL; what was in progress then has begun and not ended. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#read
    for (const [place, startMs] of this.#begun) this.#add(place, startMs, Number.POSITIVE_INFINITY)
  }

  #note(line: string): void {
    const [kind, queue, queueOffset, atMs] = line.split(' ')
    const place = `${queue} ${queueOffset}`
    if (kind === 'begin') {
      this.#begun.set(place, Number(atMs))
    } else {
      this.#add(place, this.#begun.get(place)!, Number(atMs))
      this.#begun.delete(place)
    }
  }

  #add(place: string, startMs: number, endMs: number): void {
    const [queue = '', queueOffset] = place.split(' ')
    const call = { member: 'killed', queue, queueOffset: Number(queueOffset), startMs, endMs }
    this.#record.note(call)
  }
}
