import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Child, run } from './child.ts'
import { repository } from './install-package.ts'

const READY = /^agena ready namesrv=\S+:(\d+) broker=\S+:(\d+) data=(.+) pid=(\d+) in=[\d.]+ ms$/m
const READY_LIMIT_MS = 30_000
/** From SIGTERM to the exit, as promised to whoever supervises the process. */
const STOP_LIMIT_MS = 5_000

/** The installed command is on the path of npx and knows its version. */
export async function checkCommand(folder: string): Promise<void> {
  const manifest = JSON.parse(await readFile(join(repository, 'package.json'), 'utf8'))
  const version = (await run('npx', ['agena', '--version'], folder)).trim()
  if (version !== manifest.version) throw new Error(`says ${version}, is ${manifest.version}`)
}

/** A standalone broker says that it is ready and where, and leaves with 0 on SIGTERM. */
export async function checkStandalone(folder: string): Promise<void> {
  const data = join(folder, 'data')
  const ports = ['--broker-port', '0', '--namesrv-port', '0']
  const child = new Child('npx', ['agena', 'standalone', ...ports, '--data', data], folder)
  try {
    const [, namesrvPort, brokerPort, place, pid] = await child.waitFor(READY, READY_LIMIT_MS)
    if (place !== data) throw new Error(`stores in ${place}, not in ${data}`)
    if (namesrvPort === '0' || brokerPort === '0') throw new Error('does not name its real ports')
    process.kill(Number(pid), 'SIGTERM')
    const code = await child.exit(STOP_LIMIT_MS)
    if (code !== 0) throw new Error(`ended with ${code} after SIGTERM:\n${child.output}`)
  } finally {
    child.kill()
  }
}
