/**
 * One store, one seed: random steps, the power goes at a random call, the store is opened again and
 * held against what it was told; again and again over the same disk.
 */
import { alignUp, PAGE_BYTES } from '../../../engine/base/units.ts'
import { MemoryDisk } from '../../../engine/file/memory-file-system.ts'
import { RECORD_MIN_BYTES } from '../../../engine/format/record-format.ts'
import type { BuiltFiles } from '../../../engine/store/checkpoint-keeper.ts'
import type { StoreOptions } from '../../../engine/store/store-options.ts'
import { PowerCut } from '../../helpers/power-cut.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { SteppedStore } from '../../helpers/stepped-store.ts'
import { EventCounts } from './event-counts.ts'
import { checkAsJava } from './java-checker.ts'
import { LogModel } from './log-model.ts'
import type { PlantedBug } from './planted-bugs.ts'
import { checkIndex, checkLog, checkQueues, promise } from './store-checker.ts'
import { WholeFiles } from './whole-files.ts'

const ROOT = '/store'
const OPTIONS = {
  segmentBytes: 8 * 1024,
  messageBytesMax: 4 * 1024,
  consumeQueueFileBytes: 20 * 32,
  indexSlotCount: 200,
  indexEntryCount: 64,
} satisfies StoreOptions
const TOPICS = ['A', 'B', 'LongerTopic'] as const
const QUEUES = 2
const KEYS = 12
const STEPS_MAX = 30
const CALLS_MAX = 60
/** Further than RocketMQ looks back behind the checkpoint's times. */
const CLOCK_STEP_MS = 2000
const START_MS = 1_700_000_000_000

export interface PowerLossOptions {
  readonly seed: number
  readonly crashes: number
  /** A bug that the checker must find. */
  readonly bug?: PlantedBug | undefined
  /** Segments are deleted before what was built from them is on the disk: the same. */
  readonly isHasty?: boolean | undefined
  /** Where what happens is counted, over many runs. */
  readonly counts?: EventCounts | undefined
}

type Step = (stepped: SteppedStore) => void

export class PowerLossRun {
  readonly #random: SeededRandom
  readonly #disk = new MemoryDisk()
  readonly #wholeFiles = new WholeFiles(this.#disk)
  readonly #power: PowerCut
  readonly #model = new LogModel()
  readonly #options: PowerLossOptions
  readonly #counts: EventCounts
  /** A system that makes nothing durable but what it is told to. */
  readonly #isLazy: boolean
  #nowMs = START_MS
  #sent = 0
  /** Handed over by reput, not synced yet. */
  #built: BuiltFiles[] = []
  readonly #steps: readonly (readonly [weight: number, step: Step])[] = [
    [40, (stepped) => this.#append(stepped)],
    [14, (stepped) => this.#commitTurn(stepped)],
    [10, (stepped) => this.#flush(stepped)],
    [8, (stepped) => this.#reputStep(stepped)],
    [6, (stepped) => this.#takeBuilt(stepped)],
    [6, (stepped) => this.#syncBuilt(stepped)],
    [6, () => this.#writeBack()],
    [4, () => this.#wait()],
    [2, (stepped) => this.#deleteTopic(stepped)],
    [3, (stepped) => this.#deleteOldest(stepped)],
    [2, (stepped) => this.#check(stepped)],
  ]

  constructor(options: PowerLossOptions) {
    this.#options = options
    this.#counts = options.counts ?? new EventCounts()
    this.#random = new SeededRandom(options.seed)
    this.#isLazy = this.#random.below(4) === 0
    this.#power = new PowerCut(this.#disk, {
      instead: options.bug?.(this.#random),
      onRename: (from, to) => this.#noteRename(from, to),
    })
  }

  /** @throws {BrokenPromise} or whatever the store throws while the power is on. */
  run(): void {
    const now = Date.now
    Date.now = () => this.#nowMs
    try {
      for (let crash = 0; crash < this.#options.crashes; crash += 1) this.#lifetime()
    } finally {
      Date.now = now
    }
  }

  #lifetime(): void {
    this.#wait()
    // Most starts succeed; some meet the next loss of power.
    if (this.#random.below(4) === 0) this.#power.cutAfter(this.#random.below(CALLS_MAX))
    const stepped = this.#untilPowerIsGone(() => this.#open())
    if (stepped === undefined) {
      this.#counts.add('losses during a start')
    } else {
      this.#power.cutAfter(this.#random.below(CALLS_MAX))
      this.#untilPowerIsGone(() => this.#work(stepped))
    }
    this.#power.cut()
    this.#counts.add('losses of power')
    this.#disk.crash(this.#isLazy ? undefined : this.#random)
    this.#power.restore()
    this.#wholeFiles.check()
    checkAsJava(this.#disk, ROOT, OPTIONS, this.#model)
  }

  /** What the store throws because the power is gone is no failure; anything else is. */
  #untilPowerIsGone<T>(act: () => T): T | undefined {
    try {
      return act()
    } catch (error) {
      if (!this.#power.isGone) throw error
      return undefined
    }
  }

  #open(): SteppedStore {
    const torn = this.#tornFiles()
    const stepped = new SteppedStore(this.#power.files, ROOT, OPTIONS)
    checkLog(stepped, this.#disk, this.#model)
    const { startOffset } = stepped.store.log.segments
    const lostCount = this.#model.recover({
      startOffset,
      endOffset: stepped.store.recovered.endOffset,
    })
    this.#counts.add('messages lost that were not acknowledged', lostCount)
    const isTorn = this.#tornFiles().some((name) => !torn.includes(name))
    if (isTorn) this.#counts.add('torn writes cut away')
    this.#built = []
    if (this.#random.below(2) === 0) this.#check(stepped)
    return stepped
  }

  #work(stepped: SteppedStore): void {
    const steps = this.#random.below(STEPS_MAX)
    for (let count = 0; count < steps; count += 1) this.#pickStep()(stepped)
    if (this.#random.below(4) !== 0) return
    // A stop makes many calls: of two, one comes to its end before the power goes.
    if (this.#random.below(2) === 0) this.#power.restore()
    while (this.#built.length > 0) this.#syncBuilt(stepped)
    stepped.close()
    this.#acknowledge(stepped.store.log.writtenOffset)
    this.#counts.add('clean stops')
  }

  #acknowledge(flushedOffset: number): void {
    this.#counts.add('messages acknowledged', this.#model.acknowledge(flushedOffset))
  }

  /** What starts have cut off and kept. */
  #tornFiles(): string[] {
    return this.#disk.list(`${ROOT}/agena`).filter((name) => name.startsWith('torn-'))
  }

  #noteRename(from: string, to: string): void {
    if (this.#wholeFiles.note(from, to)) this.#counts.add('small files replaced')
    if (to.endsWith('/checkpoint')) this.#counts.add('checkpoints moved')
    if (/\/commitlog\/\d+$/.test(to)) this.#counts.add('segments begun')
  }

  #pickStep(): Step {
    const total = this.#steps.reduce((sum, [weight]) => sum + weight, 0)
    let left = this.#random.below(total)
    for (const [weight, step] of this.#steps) {
      if (left < weight) return step
      left -= weight
    }
    throw new Error('the weights add up')
  }

  #append(stepped: SteppedStore): void {
    const topic = this.#random.pick(TOPICS)
    const queueId = this.#random.below(QUEUES)
    const keys = [`k${this.#random.below(KEYS)}`, `m${this.#sent}`]
    const tags = this.#random.below(4) === 0 ? 't'.repeat(this.#random.below(700)) : ''
    const otherBytes = RECORD_MIN_BYTES + `${topic}KEYS..${keys.join(' ')}TAGS..${tags}`.length
    const bodyBytes = this.#bodyBytes(stepped.store.log.appendedOffset + otherBytes)
    const body = `${this.#sent}`.padEnd(bodyBytes, `${this.#sent}.`)
    this.#sent += 1
    stepped.stage({ topic, queueId, body, keys: keys.join(' '), ...(tags === '' ? {} : { tags }) })
    const { lastPhysicalOffset, lastQueueOffset, lastRecordBytes } = stepped.store.log
    this.#model.append({
      topic,
      queueId,
      queueOffset: lastQueueOffset,
      physicalOffset: lastPhysicalOffset,
      end: lastPhysicalOffset + lastRecordBytes,
      body,
      keys,
      tags,
    })
  }

  /** Mostly small; some end just at or behind a page, so that few zeros follow them, or none. */
  #bodyBytes(offset: number): number {
    const kind = this.#random.below(12)
    if (kind === 0) return this.#random.below(3000)
    if (kind > 2) return this.#random.below(200)
    return (alignUp(offset, PAGE_BYTES) - offset + this.#random.below(12)) % OPTIONS.messageBytesMax
  }

  #commitTurn(stepped: SteppedStore): void {
    const { log } = stepped.store
    const count = this.#model.messagesFrom(log.writtenOffset).length
    log.commitTurn()
    if (count > 1) this.#counts.add('turns of several messages')
  }

  #flush(stepped: SteppedStore): void {
    const { writtenOffset } = stepped.store.log
    stepped.flush()
    this.#acknowledge(writtenOffset)
  }

  #reputStep(stepped: SteppedStore): void {
    stepped.reputter.reputStep(stepped.store.log.writtenOffset)
  }

  #takeBuilt(stepped: SteppedStore): void {
    this.#built.push(stepped.takeBuilt({ isThorough: this.#random.below(2) === 0 }))
  }

  #syncBuilt(stepped: SteppedStore): void {
    const built = this.#built.shift()
    if (built !== undefined) stepped.syncBuilt(built)
  }

  #deleteTopic(stepped: SteppedStore): void {
    const topic = this.#random.pick(TOPICS)
    stepped.store.log.commitTurn()
    this.#model.beginDeletion(topic)
    stepped.deleteTopic(topic)
    this.#acknowledge(stepped.store.log.writtenOffset)
    this.#model.acknowledgeDeletion(topic)
    this.#counts.add('topics deleted')
  }

  #deleteOldest(stepped: SteppedStore): void {
    const startOffset = stepped.oldestEnd({ isHasty: this.#options.isHasty === true })
    if (startOffset === undefined) return
    this.#model.deleteBefore(startOffset)
    stepped.deleteOldest()
    this.#model.deletedBefore(startOffset)
    this.#counts.add('segments deleted')
  }

  #check(stepped: SteppedStore): void {
    const isWritten = stepped.store.log.commitTurn()
    promise(isWritten, () => 'a turn was taken back although the power is on')
    stepped.reput()
    checkQueues(stepped, this.#model)
    checkIndex(this.#disk, ROOT, OPTIONS, this.#model)
  }

  #writeBack(): void {
    if (!this.#isLazy) this.#disk.writeBack(this.#random)
  }

  #wait(): void {
    this.#nowMs += this.#random.below(CLOCK_STEP_MS)
  }
}
