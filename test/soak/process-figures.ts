/** What a process holds at a moment, and whether that grows. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { systemErrorCode } from '../../engine/base/errors.ts'
import { KIB, MIB } from '../../engine/base/units.ts'
import type { InnerFigures } from './process-probe.ts'

export interface ProcessFigures extends InnerFigures {
  /** Memory that no file backs. */
  readonly rssAnonBytes: number
  /** Without the store's files that are there: how many depends on the load of the last minute. */
  readonly descriptors: number
  /** The most descriptors of one and the same file of the store. */
  readonly sameFile: number
  /** Descriptors and mappings of files of the store that are deleted. */
  readonly deletedFiles: number
  /** Of memory, too: V8 takes a new one for each 256 KiB of heap. */
  readonly mappings: number
  /** As {@link descriptors}. */
  readonly fileMappings: number
}

export type FigureName = keyof ProcessFigures

export interface Sample {
  /** Since the load began. */
  readonly atMs: number
  readonly figures: ProcessFigures
}

/**
 * A segment has the appender's, which the flush thread syncs by, and that of the thread that builds
 * queues; a file of a queue its writer's and its reader's. More is short-lived.
 */
const SAME_FILE_MAX = 2
/** What is deleted is closed before; a reader of queues is told afterwards, and lets go at once. */
const DELETED_FILES_MAX = 2

interface Tolerance {
  /** How much a figure may seem to grow over a run that is flat: a part of itself, and `plus`. */
  readonly part: number
  readonly plus: number
  /** What it may usually be, half of all samples or more. @default no bound */
  readonly most?: number
}

const TOLERANCES: Readonly<Record<FigureName, Tolerance>> = {
  rssAnonBytes: { part: 0.05, plus: 8 * MIB },
  heapUsedBytes: { part: 0.05, plus: 2 * MIB },
  descriptors: { part: 0, plus: 5 },
  sameFile: { part: 0, plus: 1, most: SAME_FILE_MAX },
  deletedFiles: { part: 0, plus: 3, most: DELETED_FILES_MAX },
  // As many as RssAnon may grow by.
  mappings: { part: 0.05, plus: 32 },
  fileMappings: { part: 0, plus: 3 },
  timers: { part: 0, plus: 5 },
  sockets: { part: 0, plus: 3 },
}
export const FIGURE_NAMES = Object.keys(TOLERANCES) as FigureName[]
/** Before this part of a run is over, caches fill and the first files are not old enough to go. */
const WARM_UP_PART = 0.25
/** A segment, a file of a queue or of the index; deleted ones have a word behind their name. */
const STORE_FILE = /\/\d{17,20}$/
const DELETED_STORE_FILE = /\/\d{17,20} \(deleted\)$/

/** What everybody can see of a process. */
export function outerFigures(pid: number): Omit<ProcessFigures, keyof InnerFigures> {
  const status = readFileSync(`/proc/${pid}/status`, 'latin1')
  const mappings = readFileSync(`/proc/${pid}/maps`, 'latin1').split('\n').slice(0, -1)
  const links = linksOf(pid)
  const counts = new Map<string, number>()
  for (const path of links.filter((target) => STORE_FILE.test(target))) {
    counts.set(path, (counts.get(path) ?? 0) + 1)
  }
  return {
    rssAnonBytes: Number(/^RssAnon:\s*(\d+) kB$/m.exec(status)?.[1]) * KIB,
    descriptors: links.filter((target) => !STORE_FILE.test(target)).length,
    sameFile: Math.max(0, ...counts.values()),
    deletedFiles: [...links, ...mappings].filter((line) => DELETED_STORE_FILE.test(line)).length,
    mappings: mappings.length,
    fileMappings: mappings.filter((line) => line.includes(' /') && !STORE_FILE.test(line)).length,
  }
}

/** What the open descriptors of a process stand for. */
function linksOf(pid: number): string[] {
  const directory = `/proc/${pid}/fd`
  return readdirSync(directory).flatMap((name) => {
    try {
      return [readlinkSync(`${directory}/${name}`)]
    } catch (error) {
      // Closed since the folder was listed.
      if (systemErrorCode(error) !== 'ENOENT') throw error
      return []
    }
  })
}

/** How one figure went over a run. */
export interface Trend {
  readonly name: FigureName
  readonly first: number
  readonly last: number
  readonly min: number
  readonly max: number
  /** What the line through the samples behind the warm-up rises by between its ends. */
  readonly growth: number
  readonly allowed: number
  /** Half of the samples are not above it. */
  readonly median: number
  readonly most: number
}

/** Whether something is kept that should go: it grows, or there is usually too much of it. */
export function isTooMuch({ growth, allowed, median, most }: Trend): boolean {
  return growth > allowed || median > most
}

/** The line of least squares through the samples behind the warm-up, for each figure. */
export function trendsOf(samples: readonly Sample[]): readonly Trend[] {
  const endMs = samples.at(-1)?.atMs ?? 0
  const warm = samples.filter(({ atMs }) => atMs >= endMs * WARM_UP_PART)
  return FIGURE_NAMES.map((name) => {
    const points = warm.map(({ atMs, figures }) => ({ x: atMs, y: figures[name] }))
    const values = points.map(({ y }) => y)
    const { part, plus, most = Number.POSITIVE_INFINITY } = TOLERANCES[name]
    return {
      name,
      first: values[0] ?? 0,
      last: values.at(-1) ?? 0,
      min: Math.min(...values),
      max: Math.max(...values),
      median: values.toSorted((left, right) => left - right)[(values.length - 1) >> 1] ?? 0,
      growth: slopeOf(points) * ((points.at(-1)?.x ?? 0) - (points[0]?.x ?? 0)),
      allowed: mean(values) * part + plus,
      most,
    }
  })
}

function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const meanX = mean(points.map(({ x }) => x))
  const meanY = mean(points.map(({ y }) => y))
  const above = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
  const below = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  return below === 0 ? 0 : above / below
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / Math.max(1, values.length)
}
