import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe } from 'vitest'
import { missingJavaTools } from '../../scripts/java/java-toolchain.ts'
import { isAgenaBuilt, startAgena } from './agena-peers.ts'
import type { Cluster, PeerOptions, Side } from './cluster.ts'
import { startJavaBroker } from './java-peers.ts'

const missing = await missingJavaTools()

/** With `AGENA_INTEROP_CONTROL=1` Apache RocketMQ stands in for Agena: a scenario, or a comparison,
 *  that fails then is wrong itself. */
const isControl = process.env['AGENA_INTEROP_CONTROL'] === '1'

/** Why nothing that involves `side` can run here, or undefined. */
function obstacle(side: Side): string | undefined {
  if (missing.length > 0) return `no ${missing.join(', ')} on this machine`
  if (side === 'agena' && !isAgenaBuilt && !isControl) return 'our command line is not built'
  return undefined
}

/**
 * Scenarios against one side, `java` where both are compared or our client is tried. Where the side
 * cannot run, the suite is counted as skipped and its name says why.
 */
export function describeSide(side: Side, name: string, body: () => void): void {
  describeUnless(obstacle(side), `${name} (${side})`, body)
}

/** Scenarios for what only Agena does: no control can stand in. */
export function describeAgenaAlone(name: string, body: () => void): void {
  describeUnless(isControl ? 'not so in Apache RocketMQ' : obstacle('agena'), name, body)
}

/** Scenarios that need Apache RocketMQ, and of ours only what runs in the test's own process. */
export function describeWithJava(name: string, body: () => void): void {
  describeUnless(obstacle('java'), name, body)
}

function describeUnless(reason: string | undefined, name: string, body: () => void): void {
  const choose = reason === undefined ? describe : describe.skip
  choose(reason === undefined ? name : `${name} [${reason}]`, () => {
    body()
  })
}

export const sides: readonly Side[] = ['java', 'agena']

export function startCluster(side: Side, options: PeerOptions): Promise<Cluster> {
  return side === 'java' || isControl ? startJavaBroker(options) : startAgena(options)
}

export interface Scratch extends AsyncDisposable {
  readonly path: string
}

/** A folder for one suite. Kept, and named, when `AGENA_KEEP_SCRATCH=1`. */
export async function makeScratch(name: string): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), `agena-interop-${name}-`))
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      if (process.env['AGENA_KEEP_SCRATCH'] === '1') console.log(`kept ${path}`)
      else await rm(path, { recursive: true, force: true })
    },
  }
}
