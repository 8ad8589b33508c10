/** Entry of one thread: its share of the stress, then its end with files still mapped. */
import { setImmediate } from 'node:timers/promises'
import { parentPort, workerData } from 'node:worker_threads'
import { handArenasTo, sharedRegions } from '../../../engine/file/shared-region.ts'
import { MappingStress } from './mapping-stress.ts'
import { plantedBugs } from './planted-bugs.ts'
import { type FromStress, type StressSetup, UNKEPT_BUFFERS } from './stress-messages.ts'

const STEPS_PER_TURN = 50
const SLEEP_MS = 1

const setup: StressSetup = workerData
const port = parentPort
if (port === null) throw new Error('the stress runs in a thread of its own')
const { seed, thread, directory, next, previous, bug, running } = setup

function post(message: FromStress): void {
  port?.postMessage(message)
}

const isKept = bug !== UNKEPT_BUFFERS
if (isKept) handArenasTo((buffer) => post({ kind: 'arena', buffer }))
const regions = bug === undefined || bug === UNKEPT_BUFFERS ? sharedRegions : plantedBugs[bug]
const stress = new MappingStress({ seed, thread, directory, regions, next, previous })

for (let step = 0; step < setup.stepCount; step += 1) {
  stress.step()
  if (step % STEPS_PER_TURN > 0) continue
  // A buffer that was looked at in this turn stays until its end.
  await setImmediate()
  globalThis.gc?.()
  stress.findCollected()
  // Memory that is spoilt ends the process before long.
  if (stress.problems.length > 0) post({ kind: 'problems', problems: stress.problems })
}
stress.finish()
while (stress.handedCount > 0) {
  stress.serve(true)
  Atomics.wait(running, 0, setup.thread, SLEEP_MS)
}
Atomics.sub(running, 0, 1)
while (Atomics.load(running, 0) > 0) {
  stress.serve(true)
  Atomics.wait(running, 0, Atomics.load(running, 0), SLEEP_MS)
}
post({ kind: 'problems', problems: stress.problems })
post({ kind: 'done', contents: stress.contents })
if (setup.isTerminated) Atomics.wait(running, 0, 0)
next.close()
previous.close()
