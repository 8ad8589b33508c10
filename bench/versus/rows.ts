import { clientRows } from './client-rows.ts'
import type { AppendShape, BenchLoad, Contender, Fill, Row } from './row.ts'

const BROKERS: readonly Contender[] = ['Agena', 'RocketMQ']
const LIBRARIES: readonly Contender[] = [...BROKERS, 'lmdb', 'classic-level', 'write stream']
const KIB = 1024
const SIZES = [128, KIB]
const FLUSHES = ['async', 'sync'] as const
/** Connections and requests in flight on each. */
const SHAPES = [
  [1, 1],
  [16, 4],
  [16, 16],
  [16, 64],
] as const
const FILL_COUNT = 400_000
const COLD_COUNT = 400_000
const SUSTAINED_MS = 60_000
const SUSTAINED_ROUNDS = 1
/** 32 for each of the 40,000 queues: a pull finds as many as it asks for. */
const MANY_COUNT = 1_280_000
/** Of these a row says most: one request after the other, and as many as a busy client has. */
const MAJOR_IN_FLIGHT = [1, 256]

/** Every row there is, in the order in which they run. */
export const rows: readonly Row[] = [
  ...FLUSHES.flatMap((flush) => [...sendRows(flush), ...batchRows(flush)]),
  ...SIZES.map(pullRow),
  ...[1000, 10_000, 50_000].map(endToEndRow),
  bothRow(),
  routeRow(),
  ...[100, 10_000].map(topicsRow),
  pullTopicsRow(10_000),
  ...[1, 32].map(sustainedRow),
  coldRow(),
  ...FLUSHES.flatMap(appendRows),
  ...[0, 2_000_000].map(startRow),
  ...clientRows,
]

/**
 * The rows that `words` name, by their ids or by how those begin (`send`, `send-128`), or all.
 * @throws {TypeError} for a word that names none
 */
export function chooseRows(words: readonly string[], isQuick: boolean): readonly Row[] {
  if (words.length === 0) return rows.filter((row) => !isQuick || row.isQuick)
  for (const word of words) {
    if (rows.some(({ id }) => isNamed(id, word))) continue
    throw new TypeError(`no row "${word}": ${rows.map(({ id }) => id).join(', ')}`)
  }
  return rows.filter(({ id }) => words.some((word) => isNamed(id, word)))
}

function isNamed(id: string, word: string): boolean {
  return id === word || id.startsWith(`${word}-`)
}

function sizeName(bytes: number): string {
  return bytes % KIB === 0 ? `${bytes / KIB}k` : String(bytes)
}

function sizeText(bytes: number): string {
  return bytes % KIB === 0 ? `${bytes / KIB} KiB` : `${bytes} B`
}

function sendLoad(bytes: number, [connections, inFlight]: readonly [number, number]): BenchLoad {
  const words = ['--size', bytes, '--connections', connections, '--in-flight', inFlight]
  return { benchmark: 'send', words: words.map(String) }
}

function fillOf(bytes: number, topicWords: readonly string[], messageCount: number): Fill {
  const { benchmark, words } = sendLoad(bytes, [16, 16])
  const limits = ['--count', String(messageCount), '--warmup', '0s']
  const load = { benchmark, words: [...words, ...topicWords, ...limits] }
  return { load, topicWords, messageCount }
}

function sendRows(flush: 'async' | 'sync'): readonly Row[] {
  return SIZES.flatMap((bytes) =>
    SHAPES.map((shape) => {
      const inFlight = shape[0] * shape[1]
      const quick = flush === 'async' ? [1, 256] : bytes === KIB ? [1, 256] : []
      return {
        id: `send-${sizeName(bytes)}-${inFlight}-${flush}`,
        title: 'send',
        level: flush,
        size: sizeText(bytes),
        inFlight: String(inFlight),
        batch: 1,
        work: { kind: 'broker', loads: [sendLoad(bytes, shape)] },
        contenders: BROKERS,
        isQuick:
          quick.includes(inFlight) && !(bytes === KIB && flush === 'async' && inFlight === 1),
        isMinor: !MAJOR_IN_FLIGHT.includes(inFlight),
      } satisfies Row
    }),
  )
}

function batchRows(flush: 'async' | 'sync'): readonly Row[] {
  return SIZES.map((bytes) => {
    const send = sendLoad(bytes, [16, 4])
    return {
      id: `batch-${sizeName(bytes)}-${flush}`,
      title: 'send a batch',
      level: flush,
      size: sizeText(bytes),
      inFlight: '64',
      batch: 32,
      work: { kind: 'broker', loads: [{ ...send, words: [...send.words, '--batch', '32'] }] },
      contenders: BROKERS,
      isQuick: flush === 'async' && bytes === 128,
      isMinor: true,
    }
  })
}

function pullRow(bytes: number): Row {
  const topic = ['--topic', `Pull-${sizeName(bytes)}`]
  return {
    id: `pull-${sizeName(bytes)}`,
    title: 'pull, from memory',
    level: 'read',
    size: sizeText(bytes),
    inFlight: '16',
    batch: 32,
    work: {
      kind: 'broker',
      fill: fillOf(bytes, topic, FILL_COUNT),
      loads: [{ benchmark: 'consume', words: [...topic, '--pull', '32'] }],
    },
    contenders: BROKERS,
    isQuick: bytes === 128,
  }
}

function coldRow(): Row {
  return {
    id: 'cold-1k',
    title: 'pull, from the disk',
    level: 'read',
    size: sizeText(KIB),
    inFlight: '16',
    batch: 32,
    work: { kind: 'cold', bodyBytes: KIB, messageCount: COLD_COUNT },
    contenders: BROKERS,
    isQuick: false,
    isMinor: true,
  }
}

function endToEndRow(rate: number): Row {
  return {
    id: `e2e-${rate / 1000}k`,
    title: 'from the send to a push consumer',
    level: 'async',
    size: sizeText(128),
    inFlight: `${rate.toLocaleString('en-US')}/s`,
    batch: 1,
    work: { kind: 'push', rate, bodyBytes: 128 },
    contenders: BROKERS,
    isQuick: rate === 10_000,
  }
}

/** What is pulled was sent before: a reader that has caught up would measure the sender. */
function bothRow(): Row {
  const topic = ['--topic', 'Both']
  const send = sendLoad(KIB, [16, 4])
  return {
    id: 'both-1k',
    title: 'send, and pull at once (sum of both)',
    level: 'async',
    size: sizeText(KIB),
    inFlight: '64 + 16',
    batch: 1,
    work: {
      kind: 'broker',
      fill: fillOf(KIB, topic, FILL_COUNT),
      loads: [
        { ...send, words: [...send.words, ...topic] },
        { benchmark: 'consume', words: [...topic, '--pull', '32'] },
      ],
    },
    contenders: BROKERS,
    isQuick: false,
  }
}

function routeRow(): Row {
  return {
    id: 'routes',
    title: 'route queries of the name server',
    level: 'read',
    size: '',
    inFlight: '64',
    batch: 1,
    work: { kind: 'routes', connections: 16, inFlight: 4 },
    contenders: BROKERS,
    isQuick: false,
  }
}

function sustainedRow(batch: number): Row {
  const isBatch = batch > 1
  const send = sendLoad(KIB, isBatch ? [16, 4] : [16, 16])
  const load = isBatch ? { ...send, words: [...send.words, '--batch', String(batch)] } : send
  const id = isBatch ? 'sustained-1k-batch' : 'sustained-1k'
  return {
    id,
    title: 'send for 60 s',
    level: 'sustained',
    size: sizeText(KIB),
    inFlight: isBatch ? '64' : '256',
    batch,
    work: { kind: 'sustained', load },
    contenders: BROKERS,
    isQuick: false,
    durationMs: SUSTAINED_MS,
    roundsMax: SUSTAINED_ROUNDS,
    store: id,
  }
}

function topicsRow(count: number): Row {
  const send = sendLoad(128, [16, 16])
  return {
    id: `topics-${count}`,
    title: `send to ${count.toLocaleString('en-US')} topics of 4 queues`,
    level: 'async',
    size: sizeText(128),
    inFlight: '256',
    batch: 1,
    work: { kind: 'broker', loads: [{ ...send, words: [...send.words, ...wordsOfTopics(count)] }] },
    contenders: BROKERS,
    isQuick: false,
    isMinor: true,
    ...topicsStore(count),
  }
}

/** Each pull is of another queue, far from the last one's in the log. */
function pullTopicsRow(count: number): Row {
  const topics = wordsOfTopics(count)
  return {
    id: `topics-${count}-pull`,
    title: `pull from ${count.toLocaleString('en-US')} topics of 4 queues`,
    level: 'read',
    size: sizeText(128),
    inFlight: '16',
    batch: 32,
    work: {
      kind: 'broker',
      fill: fillOf(128, topics, MANY_COUNT),
      loads: [{ benchmark: 'consume', words: [...topics, '--pull', '32'] }],
    },
    contenders: BROKERS,
    isQuick: false,
    isMinor: true,
    ...topicsStore(count),
  }
}

function wordsOfTopics(count: number): readonly string[] {
  return ['--topic', `Many${count}`, '--topics', String(count), '--queues', '4']
}

/** Brokers with thousands of topics are not those that other rows should find. */
function topicsStore(count: number): Pick<Row, 'store'> {
  return count > 100 ? { store: 'topics' } : {}
}

function appendRows(flush: 'async' | 'sync'): readonly Row[] {
  const shapes = SIZES.flatMap((bodyBytes) =>
    [1, 64].map((batch): AppendShape => ({ bodyBytes, batch, inFlight: KIB, flush })),
  )
  return shapes.map((append) => ({
    id: `append-${sizeName(append.bodyBytes)}${append.batch > 1 ? '-batch' : ''}-${flush}`,
    title: 'append in process',
    level: flush,
    size: sizeText(append.bodyBytes),
    inFlight: String(append.inFlight),
    batch: append.batch,
    work: { kind: 'append', append },
    contenders: LIBRARIES,
    isQuick: flush === 'async' && append.batch === 1 && append.bodyBytes === 128,
    isMinor: true,
  }))
}

function startRow(messageCount: number): Row {
  const isEmpty = messageCount === 0
  return {
    id: isEmpty ? 'start-empty' : 'start-2m',
    title: isEmpty ? 'start, empty store' : 'start, 2 M messages in the store',
    level: 'start',
    size: isEmpty ? '' : sizeText(128),
    inFlight: '',
    batch: 1,
    work: { kind: 'start', messageCount },
    contenders: BROKERS,
    isQuick: isEmpty,
    isMinor: true,
  }
}
