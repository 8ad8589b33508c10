/**
 * What a process tells of itself: loaded into a broker with `--import`, or into the soak itself.
 *
 * With AGENA_PROBE in its environment it appends a line of figures to that file at each SIGUSR2.
 * Memory is collected before, so that only what is still in use counts.
 */
import { appendFileSync } from 'node:fs'
import process from 'node:process'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { isMainThread } from 'node:worker_threads'

/** What only the process itself knows. */
export interface InnerFigures {
  readonly heapUsedBytes: number
  readonly timers: number
  readonly sockets: number
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

export function innerFigures(): InnerFigures {
  collect()
  const resources = process.getActiveResourcesInfo()
  const countOf = (kind: string): number => resources.filter((name) => name === kind).length
  return {
    heapUsedBytes: process.memoryUsage().heapUsed,
    timers: countOf('Timeout'),
    sockets: countOf('TCPSocketWrap'),
  }
}

const path = process.env['AGENA_PROBE']
if (path !== undefined && isMainThread) {
  process.on('SIGUSR2', () => {
    appendFileSync(path, `${JSON.stringify(innerFigures())}\n`)
  })
}
