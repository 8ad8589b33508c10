/** One thread's share of the stress: opens, reads, writes, expires, releases and hands on. */
import { type MessagePort, receiveMessageOnPort } from 'node:worker_threads'
import { MIB, PAGE_BYTES } from '../../../engine/base/units.ts'
import type { MappedRegion, RegionProvider } from '../../../engine/file/mapped-region.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { type KnownContent, KnownFile, problemOf } from './known-file.ts'
import { MemoryChurn } from './memory-churn.ts'

const FILES_MAX = 30
const VIEWS_MAX = 20
const SMALL_PAGES_MAX = 8
const MEDIUM_PAGES_MAX = (2 * MIB) / PAGE_BYTES
/** Larger than the buffers that small files share. */
const LARGE_PAGES = (64 * MIB) / PAGE_BYTES
const LARGE_ONE_IN = 60
const WRITTEN_PAGES_MAX = 64
const VIEW_PAGES_MAX = 16
const FILES_OF_A_THREAD_MAX = 2 ** 14

interface OpenFile {
  readonly file: KnownFile
  region: MappedRegion | undefined
  /** Views of it that are in use: it is not written meanwhile. */
  viewCount: number
}

/** A part of a mapping that is still looked at, as by a socket whose peer reads slowly. */
interface View {
  readonly open: OpenFile
  readonly region: MappedRegion
  readonly firstPage: number
  readonly pageCount: number
}

/** What threads tell each other. */
export type PeerMessage =
  | {
      readonly kind: 'look'
      readonly number: number
      readonly buffer: SharedArrayBuffer
      readonly start: number
      readonly lengthBytes: number
      readonly firstPage: number
      readonly content: KnownContent
    }
  | { readonly kind: 'looked'; readonly number: number; readonly problem: string | undefined }

type Look = Extract<PeerMessage, { kind: 'look' }>

export interface StressParts {
  readonly seed: number
  /** Number of the thread. */
  readonly thread: number
  readonly directory: string
  readonly regions: RegionProvider
  /** Who is handed views, and who hands them over. */
  readonly next: MessagePort
  readonly previous: MessagePort
}

export class MappingStress {
  readonly problems: string[] = []
  readonly #parts: StressParts
  readonly #random: SeededRandom
  readonly #churn: MemoryChurn
  readonly #files: OpenFile[] = []
  readonly #views: View[] = []
  readonly #handed = new Map<number, View>()
  readonly #looks: Look[] = []
  /** Buffers that carry mappings, or did. */
  readonly #buffers: WeakRef<ArrayBufferLike>[] = []
  readonly #knownBuffers = new WeakSet<ArrayBufferLike>()
  readonly #actions: readonly (() => void)[]
  #fileCount = 0
  #viewNumber = 0

  constructor(parts: StressParts) {
    this.#parts = parts
    this.#random = new SeededRandom(parts.seed)
    this.#churn = new MemoryChurn(this.#random)
    const often = <T>(times: number, action: T): T[] => Array<T>(times).fill(action)
    this.#actions = [
      ...often(4, () => this.#open()),
      ...often(4, () => this.#read()),
      ...often(4, () => this.#store()),
      ...often(4, () => this.#write()),
      ...often(3, () => this.#takeView()),
      ...often(3, () => this.#dropView()),
      ...often(2, () => this.#handOver()),
      ...often(3, () => this.#expire()),
      ...often(2, () => this.#mapAgain()),
      ...often(6, () => this.#note(this.#churn.allocate())),
      ...often(1, () => this.#checkFile()),
      ...often(1, () => globalThis.gc?.()),
    ]
  }

  /** Files whose mappings are still open, for someone who looks at them later. */
  get contents(): KnownContent[] {
    return this.#files.map(({ file: { id, path, ages } }) => ({ id, path, ages }))
  }

  /** Views that another thread has not looked at yet. */
  get handedCount(): number {
    return this.#handed.size
  }

  step(): void {
    this.#random.pick(this.#actions)()
    this.serve(this.#random.below(4) === 0)
  }

  /** Looks at what other threads handed over, and hears what they have seen. */
  serve(isLooking: boolean): void {
    const { next, previous } = this.#parts
    for (let received = receiveMessageOnPort(previous); received !== undefined; ) {
      this.#looks.push(received.message as Look)
      received = receiveMessageOnPort(previous)
    }
    for (let received = receiveMessageOnPort(next); received !== undefined; ) {
      this.#heard(received.message as PeerMessage)
      received = receiveMessageOnPort(next)
    }
    const look = isLooking ? this.#looks.shift() : undefined
    if (look === undefined) return
    const bytes = new Uint8Array(look.buffer, look.start, look.lengthBytes)
    const found = problemOf(bytes, look.content, look.firstPage)
    const problem = found === undefined ? undefined : `view of another thread: ${found}`
    previous.postMessage({ kind: 'looked', number: look.number, problem } satisfies PeerMessage)
  }

  /** Checks everything once more. The mappings stay. */
  finish(): void {
    while (this.#views.length > 0) this.#dropView()
    for (const { file } of this.#files) this.#note(file.problem())
  }

  /** Buffers that are gone although they carried a mapping. To be called in a turn of its own. */
  findCollected(): void {
    const gone = this.#buffers.filter((buffer) => buffer.deref() === undefined).length
    if (gone > 0) this.#note(`${gone} buffers that carried mappings were collected`)
  }

  #note(problem: string | undefined): void {
    if (problem !== undefined) this.problems.push(problem)
  }

  #heard(message: PeerMessage): void {
    if (message.kind !== 'looked') return
    const view = this.#handed.get(message.number)
    this.#handed.delete(message.number)
    if (view !== undefined) this.#release(view)
    this.#note(message.problem)
  }

  #open(): void {
    if (this.#files.length >= FILES_MAX) this.#delete()
    const { thread, directory } = this.#parts
    const id = (thread + 1) * FILES_OF_A_THREAD_MAX + this.#fileCount
    this.#fileCount += 1
    const isLarge = this.#random.below(LARGE_ONE_IN) === 0
    const pagesMax = this.#random.below(3) === 0 ? MEDIUM_PAGES_MAX : SMALL_PAGES_MAX
    const pageCount = isLarge ? LARGE_PAGES + 1 : 1 + this.#random.below(pagesMax)
    const file = new KnownFile(`${directory}/file-${id}`, id, pageCount)
    for (let count = Math.min(pageCount, WRITTEN_PAGES_MAX); count > 0; count -= 1) {
      file.writePage(this.#random.below(pageCount))
    }
    this.#files.push({ file, region: this.#map(file), viewCount: 0 })
  }

  #map(file: KnownFile): MappedRegion {
    const region = this.#parts.regions.map(file.fd, file.lengthBytes)
    const { buffer } = region.bytes
    if (!this.#knownBuffers.has(buffer)) {
      this.#knownBuffers.add(buffer)
      this.#buffers.push(new WeakRef(buffer))
    }
    return region
  }

  /** The oldest file that nobody looks at goes, its region first. */
  #delete(): void {
    const index = this.#files.findIndex(({ viewCount }) => viewCount === 0)
    const [open] = index < 0 ? [] : this.#files.splice(index, 1)
    if (open === undefined) return
    this.#note(open.file.problem())
    open.region?.close()
    open.file.delete()
  }

  #mapped(): { open: OpenFile; region: MappedRegion } | undefined {
    const mapped = this.#files.filter(({ region }) => region !== undefined)
    const open = mapped.length === 0 ? undefined : this.#random.pick(mapped)
    return open?.region === undefined ? undefined : { open, region: open.region }
  }

  #read(): void {
    const found = this.#mapped()
    if (found === undefined) return
    const { file } = found.open
    this.#check('mapping', found.region, file, this.#pages(file))
  }

  #store(): void {
    const found = this.#mapped()
    if (found === undefined || found.open.viewCount > 0) return
    const { file } = found.open
    const page = this.#random.below(file.ages.length)
    file.renew(page).copy(found.region.bytes, page * PAGE_BYTES)
  }

  #write(): void {
    const found = this.#mapped()
    if (found === undefined || found.open.viewCount > 0) return
    const { file } = found.open
    const page = this.#random.below(file.ages.length)
    file.writePage(page)
    this.#check('mapping', found.region, file, { firstPage: page, pageCount: 1 })
  }

  #takeView(): View | undefined {
    const found = this.#mapped()
    if (found === undefined || this.#views.length >= VIEWS_MAX) return undefined
    const { open, region } = found
    region.retain()
    open.viewCount += 1
    const view = { open, region, ...this.#pages(open.file) }
    this.#views.push(view)
    return view
  }

  #dropView(): void {
    const [view] = this.#views.splice(this.#random.below(this.#views.length), 1)
    if (view === undefined) return
    this.#check('view', view.region, view.open.file, view)
    this.#release(view)
  }

  #release({ open, region }: View): void {
    open.viewCount -= 1
    region.release()
  }

  #handOver(): void {
    const view = this.#takeView()
    if (view === undefined) return
    this.#views.pop()
    const { region, firstPage, pageCount, open } = view
    const { id, path, ages } = open.file
    const number = this.#viewNumber
    this.#viewNumber += 1
    this.#handed.set(number, view)
    this.#parts.next.postMessage({
      kind: 'look',
      number,
      buffer: region.bytes.buffer as unknown as SharedArrayBuffer,
      start: region.bytes.byteOffset + firstPage * PAGE_BYTES,
      lengthBytes: pageCount * PAGE_BYTES,
      firstPage,
      content: { id, path, ages },
    } satisfies PeerMessage)
  }

  /** The owner's last word: views that are in use keep their bytes. */
  #expire(): void {
    const found = this.#mapped()
    if (found === undefined) return
    found.open.region = undefined
    found.region.close()
  }

  #mapAgain(): void {
    const closed = this.#files.filter(({ region }) => region === undefined)
    if (closed.length === 0) return
    const open = this.#random.pick(closed)
    open.region = this.#map(open.file)
  }

  #checkFile(): void {
    if (this.#files.length > 0) this.#note(this.#random.pick(this.#files).file.problem())
  }

  #pages(file: KnownFile): { firstPage: number; pageCount: number } {
    const firstPage = this.#random.below(file.ages.length)
    const most = Math.min(VIEW_PAGES_MAX, file.ages.length - firstPage)
    return { firstPage, pageCount: 1 + this.#random.below(most) }
  }

  #check(
    what: string,
    { bytes }: MappedRegion,
    content: KnownContent,
    { firstPage, pageCount }: { readonly firstPage: number; readonly pageCount: number },
  ): void {
    const start = firstPage * PAGE_BYTES
    const problem = problemOf(
      bytes.subarray(start, start + pageCount * PAGE_BYTES),
      content,
      firstPage,
    )
    if (problem !== undefined) this.#note(`${what}: ${problem}`)
  }
}
