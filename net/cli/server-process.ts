/**
 * Runs a server until it is told to stop:
 *
 *   start ──▶ ready line ──▶ SIGTERM or SIGINT ──▶ drain, flush ──▶ exit 0
 *                                    │ again                │ too slow
 *                                    ▼                      ▼
 *                                 exit 130               exit 1
 */
import process from 'node:process'
import { describeError } from '../../engine/base/errors.ts'
import type { Lifecycle } from '../../engine/base/lifecycle.ts'

/** What a server is, once it runs. */
export interface ServerProcess {
  readonly server: Lifecycle
  /** Names and values of the ready line, in order. */
  readonly facts: Readonly<Record<string, string>>
  /** What a person does next: lines for standard error. */
  readonly hints: readonly string[]
}

type StopSignal = 'SIGTERM' | 'SIGINT'

const STOP_SIGNALS: readonly StopSignal[] = ['SIGTERM', 'SIGINT']
/** After this long a stop does not wait for work in progress any more … */
const DRAIN_MS_MAX = 3500
/** … and after this long the process ends whatever it does: a store survives that. */
const STOP_MS_MAX = 4700
const EXIT_FAILURE = 1
/** 128 and the number of SIGINT: what shells expect. */
const EXIT_INTERRUPTED = 130

/**
 * Starts a server, says that it is ready, and resolves when it was stopped by a signal.
 * @throws what `start` throws, and what ended a server that ended by itself
 */
export async function runServer(start: () => Promise<ServerProcess>): Promise<void> {
  const stopped = stopSignal()
  const { server, facts, hints } = await start()
  process.stdout.write(`${readyLine(facts)}\n`)
  for (const hint of hints) process.stderr.write(`${hint}\n`)
  const first = await Promise.race([stopped, server.closed.then(endedByItself)])
  process.stderr.write(`agena: ${first}, stopping\n`)
  await stopServer(server)
}

/** `agena ready namesrv=… pid=… in=… ms`. */
function readyLine(facts: Readonly<Record<string, string>>): string {
  const words = Object.entries({ ...facts, pid: String(process.pid) })
  const text = words.map(([name, value]) => `${name}=${value}`).join(' ')
  return `agena ready ${text} in=${Math.round(performance.now())} ms`
}

/** The first stop signal, also if it comes while the server starts; the second ends the process. */
function stopSignal(): Promise<StopSignal> {
  return new Promise((resolve) => {
    let count = 0
    const onSignal = (signal: StopSignal): void => {
      count += 1
      if (count > 1) process.exit(EXIT_INTERRUPTED)
      resolve(signal)
    }
    for (const signal of STOP_SIGNALS) process.on(signal, onSignal)
  })
}

function endedByItself(reason: Error | undefined): never {
  throw reason ?? new Error('the server ended by itself')
}

/** Lets work in progress finish, but not for long, and ends the process. */
export async function stopServer(server: Lifecycle): Promise<void> {
  const drainTimer = setTimeout(() => {
    void server.destroy(new Error(`work in progress took longer than ${DRAIN_MS_MAX} ms`))
  }, DRAIN_MS_MAX)
  const endTimer = setTimeout(() => {
    process.stderr.write(`agena: the stop took longer than ${STOP_MS_MAX} ms, ending it\n`)
    process.exit(EXIT_FAILURE)
  }, STOP_MS_MAX)
  try {
    await server.close()
  } finally {
    clearTimeout(drainTimer)
    clearTimeout(endTimer)
  }
  const reason = await server.closed
  if (reason !== undefined) process.stderr.write(`agena: ${describeError(reason)}\n`)
  // Nothing of the server is left; what else may keep the event loop alive must not.
  process.exit(0)
}
