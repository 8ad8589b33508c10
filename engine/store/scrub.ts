/**
 * What keeps a log from rotting unseen, a segment a step: hashing those that were sealed, and
 * reading them again and again to compare.
 */
import { join } from 'node:path'
import { systemErrorCode } from '../base/errors.ts'
import type { Pace } from '../base/pace.ts'
import { type FileSystem, readWholeFile } from '../file/file-system.ts'
import type { StoreLayout } from '../file/store-layout.ts'
import { parseSegmentName } from '../format/segment-name.ts'
import { type LogDamage, verifySegment } from '../log/log-verify.ts'
import {
  type BlockHasher,
  blockHashesPath,
  hashSegment,
  listHashedSegments,
  removeStaleHashes,
  saveBlockHashes,
} from './block-hashes.ts'
import { type DamageReport, reportDamage } from './damage-report.ts'
import { checkSegment } from './segment-check.ts'
import { replaceFile } from './store-checkpoint.ts'

export interface ScrubPlace {
  readonly layout: StoreLayout
  readonly segmentBytes: number
  /** The log is sealed and on the disk up to here: the start of a segment. */
  readonly sealedOffset: number
}

/** `pace` said to stop. */
export interface StoppedStep {
  readonly kind: 'stopped'
}

export type HashStep =
  | StoppedStep
  /** Every sealed segment has its hashes, or is known to be damaged. */
  | { readonly kind: 'idle' }
  | { readonly kind: 'hashed'; readonly startOffset: number }
  /** It got no hashes: they would say that this is how it was sealed. */
  | {
      readonly kind: 'damaged'
      readonly startOffset: number
      readonly damages: readonly DamageReport[]
    }

/**
 * Hashes the newest sealed segment that has no hashes: it is the likeliest to be in memory still.
 * Segments before `trustedOffset` were written by another process, so their records are read first.
 */
export function hashStep(
  files: FileSystem,
  hasher: BlockHasher,
  place: ScrubPlace & {
    readonly trustedOffset: number
    /** First offsets of segments that are known to be damaged. */
    readonly damaged: readonly number[]
  },
  pace: Pace,
): HashStep {
  const { layout, segmentBytes, sealedOffset, trustedOffset, damaged } = place
  const startOffsets = listStartOffsets(files, layout)
  removeStaleHashes(files, layout, startOffsets, sealedOffset)
  const done = new Set([...listHashedSegments(files, layout), ...damaged])
  const startOffset = startOffsets.findLast((start) => start < sealedOffset && !done.has(start))
  if (startOffset === undefined) return { kind: 'idle' }
  const damages = startOffset < trustedOffset ? recordDamages(files, place, startOffset, pace) : []
  if (!pace.passed(0)) return { kind: 'stopped' }
  if (damages.length > 0) {
    const reports = damages.map((damage) => reportDamage(files, layout, startOffset, damage))
    return { kind: 'damaged', startOffset, damages: reports }
  }
  const hashes = hashSegment(files, hasher, { layout, startOffset, segmentBytes }, pace)
  if (hashes === undefined) return { kind: 'stopped' }
  saveBlockHashes(files, layout, hashes)
  return { kind: 'hashed', startOffset }
}

function recordDamages(
  files: FileSystem,
  { layout, segmentBytes }: ScrubPlace,
  startOffset: number,
  pace: Pace,
): readonly LogDamage[] {
  const location = { directory: layout.commitLog, segmentBytes }
  return verifySegment(files, location, startOffset, { pace }).damages
}

export type ScrubStep =
  | StoppedStep
  /** The pass is over, the next one is due in that many ms. */
  | { readonly kind: 'waiting'; readonly forMs: number }
  | {
      readonly kind: 'scrubbed'
      readonly startOffset: number
      readonly damages: readonly DamageReport[]
    }

/** How far scrubbing is, in the file `agena/scrub.json`: a pass goes on after a restart. */
interface ScrubProgress {
  readonly nextOffset: number
  readonly passStartMs: number
}

/**
 * Compares the next sealed segment with its hashes, or reads its records where it has none. A pass
 * over all of them starts `intervalMs` after the start of the one before, or when that is done.
 */
export function scrubStep(
  files: FileSystem,
  hasher: BlockHasher,
  place: ScrubPlace & { readonly intervalMs: number; readonly nowMs: number },
  pace: Pace,
): ScrubStep {
  const { layout, segmentBytes, sealedOffset, intervalMs, nowMs } = place
  const sealed = listStartOffsets(files, layout).filter((start) => start < sealedOffset)
  const progress = loadProgress(files, layout)
  const dueMs = progress.passStartMs + intervalMs
  const next = sealed.find((start) => start >= progress.nextOffset)
  if (next === undefined && dueMs > nowMs) return { kind: 'waiting', forMs: dueMs - nowMs }
  const startOffset = next ?? sealed[0]
  if (startOffset === undefined) return { kind: 'waiting', forMs: intervalMs }
  const damages = scrubSegment(files, hasher, place, startOffset, pace)
  if (!pace.passed(0)) return { kind: 'stopped' }
  const isPassStarted = next !== undefined && progress.passStartMs > 0
  saveProgress(files, layout, {
    nextOffset: startOffset + segmentBytes,
    passStartMs: isPassStarted ? progress.passStartMs : nowMs,
  })
  return { kind: 'scrubbed', startOffset, damages }
}

function scrubSegment(
  files: FileSystem,
  hasher: BlockHasher,
  { layout, segmentBytes }: ScrubPlace,
  startOffset: number,
  pace: Pace,
): DamageReport[] {
  const segment = { layout, segmentBytes, startOffset, ending: 'sealed' } as const
  try {
    const { damages, hashes } = checkSegment(files, hasher, segment, { pace })
    // They are made again, if the records are whole.
    if (hashes === 'damaged') files.unlink(blockHashesPath(layout, startOffset))
    return damages.map((damage) => reportDamage(files, layout, startOffset, damage))
  } catch (error) {
    // It expired meanwhile.
    if (systemErrorCode(error) === 'ENOENT') return []
    throw error
  }
}

function listStartOffsets(files: FileSystem, { commitLog }: StoreLayout): number[] {
  const names = files.list(commitLog)
  return names.flatMap((name) => parseSegmentName(name) ?? []).sort((left, right) => left - right)
}

function progressPath({ work }: StoreLayout): string {
  return join(work, 'scrub.json')
}

/** Zeros when there is no file, or none that can be read. */
function loadProgress(files: FileSystem, layout: StoreLayout): ScrubProgress {
  const text = readWholeFile(files, progressPath(layout))?.toString('utf8') ?? ''
  const match = /"nextOffset":(\d+),"passStartMs":(\d+)/.exec(text)
  return { nextOffset: Number(match?.[1] ?? 0), passStartMs: Number(match?.[2] ?? 0) }
}

function saveProgress(files: FileSystem, layout: StoreLayout, progress: ScrubProgress): void {
  const { nextOffset, passStartMs } = progress
  const content = `${JSON.stringify({ nextOffset, passStartMs })}\n`
  replaceFile(files, layout, progressPath(layout), Buffer.from(content))
}
