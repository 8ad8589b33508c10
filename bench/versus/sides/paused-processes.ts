import process from 'node:process'

/** Processes that stand still would outlive this one: whatever ends it ends them. */
const pids = new Set<number>()

process.on('exit', () => {
  for (const pid of pids) signal(pid, 'SIGKILL')
})
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => process.exit(1))

/** Those that are guarded now. */
export function guardedPids(): ReadonlySet<number> {
  return pids
}

/** Sees to it that a process ends with this one, until {@link release}. */
export function guard(pid: number): void {
  pids.add(pid)
}

export function release(pid: number): void {
  pids.delete(pid)
}

/** Stops processes in their tracks. */
export function pauseProcesses(processes: readonly { readonly pid: number }[]): void {
  for (const { pid } of processes) signal(pid, 'SIGSTOP')
}

export function resumeProcesses(processes: readonly { readonly pid: number }[]): void {
  for (const { pid } of processes) signal(pid, 'SIGCONT')
}

function signal(pid: number, name: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): void {
  try {
    process.kill(pid, name)
  } catch (error) {
    // It has ended: what asks it next says so with more to tell.
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}
