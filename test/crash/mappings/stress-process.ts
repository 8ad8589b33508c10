/**
 * A process of its own for the stress, so that it can be given flags and another allocator:
 *
 *   node --expose-gc stress-process.js SEED ROUNDS STEPS DIRECTORY [BUG]
 *
 * It prints one line, a {@link StressReport}.
 */
import { once } from 'node:events'
import { closeSync, openSync, readFileSync, unlinkSync, writeSync } from 'node:fs'
import process from 'node:process'
import { MessageChannel, Worker } from 'node:worker_threads'
import { assert } from '../../../engine/base/assert.ts'
import { clearArena } from '../../../engine/file/shared-region.ts'
import { SeededRandom } from '../../helpers/seeded-random.ts'
import { type KnownContent, problemOfFile } from './known-file.ts'
import { MemoryChurn } from './memory-churn.ts'
import type { FromStress, StressBug, StressReport, StressSetup } from './stress-messages.ts'

const THREADS = 3
const SEED_LIMIT = 2 ** 31
/** Looks at what ended threads left mapped, and memory that is taken in between. */
const LATE_LOOKS = 4
const LATE_ALLOCATIONS = 25
const PROBLEMS_SHOWN = 5

const [seed = '1', rounds = '1', steps = '100', directory = '.', bug] = process.argv.slice(2)
const random = new SeededRandom(Number(seed))
const churn = new MemoryChurn(random)
let round = 0

async function runRound(): Promise<void> {
  const running = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  running[0] = THREADS
  const channels = Array.from({ length: THREADS }, () => new MessageChannel())
  const threads = channels.map(({ port1 }, thread) => {
    const previous = channels[(thread + THREADS - 1) % THREADS]?.port2
    assert(previous !== undefined, 'threads stand in a ring')
    return runThread({
      seed: random.below(SEED_LIMIT),
      thread,
      stepCount: Number(steps),
      directory,
      bug: bug as StressBug | undefined,
      isTerminated: random.below(2) === 0,
      next: port1,
      previous,
      running,
    })
  })
  const contents = (await Promise.all(threads)).flat()
  for (let look = 0; look < LATE_LOOKS; look += 1) lateLook(contents)
  for (const { path } of contents) unlinkSync(path)
}

/** Runs one thread to its end. @returns the files that it left mapped. */
async function runThread(setup: StressSetup): Promise<readonly KnownContent[]> {
  const worker = new Worker(new URL('./stress-thread.js', import.meta.url), {
    workerData: setup,
    transferList: [setup.next, setup.previous],
    trackUnmanagedFds: false,
  })
  const ended = once(worker, 'exit')
  const buffers: SharedArrayBuffer[] = []
  let contents: readonly KnownContent[] | undefined
  worker.on('message', (message: FromStress) => {
    if (message.kind === 'arena') {
      buffers.push(message.buffer)
      return
    }
    if (message.kind === 'problems') {
      note(message.problems)
      return
    }
    contents = message.contents
    if (setup.isTerminated) void worker.terminate()
  })
  await ended
  for (const buffer of buffers) clearArena(buffer)
  assert(contents !== undefined, 'a thread says what it has seen')
  return contents
}

/** The buffers of the ended threads are garbage now, if nobody keeps them. */
function lateLook(contents: readonly KnownContent[]): void {
  globalThis.gc?.()
  const problems: string[] = []
  for (let count = 0; count < LATE_ALLOCATIONS; count += 1) {
    const problem = churn.allocate()
    if (problem !== undefined) problems.push(problem)
  }
  for (const content of contents) {
    const fd = openSync(content.path, 'r')
    const problem = problemOfFile(content, fd)
    closeSync(fd)
    if (problem !== undefined) problems.push(`after the thread's end: ${problem}`)
  }
  note(problems)
}

/** The first problems are the last: what they did to memory may be anything. */
function note(problems: readonly string[]): void {
  if (problems.length === 0) return
  print(problems.slice(0, PROBLEMS_SHOWN))
  process.exit(0)
}

function print(problems: readonly string[]): void {
  const isJemalloc = readFileSync('/proc/self/maps', 'latin1').includes('jemalloc')
  const report: StressReport = { isJemalloc, rounds: round, problems }
  writeSync(process.stdout.fd, `${JSON.stringify(report)}\n`)
}

for (; round < Number(rounds); round += 1) await runRound()
print([])
