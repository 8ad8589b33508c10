/**
 * Goal: a server says when it is ready, stops when it is told to, and says in one line why it
 * cannot start.
 * Method: real processes, real signals, stores in temporary folders.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { AgenaProcess, runAgena } from '../../helpers/agena-process.ts'

const STUBBORN_SERVER = fileURLToPath(new URL('./stubborn-server.js', import.meta.url))
const FREE_PORTS = ['--namesrv-port', '0', '--broker-port', '0']
/** Small files: a test has no need for a gibibyte. */
const SMALL = ['--set', 'mappedFileSizeCommitLog=1048576', '--set', 'maxIndexNum=1000']

let directory: string
let data: string
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'agena-server-'))
  data = join(directory, 'data')
})
afterEach(() => rmSync(directory, { recursive: true, force: true }))

function standalone(...words: string[]): AgenaProcess {
  return new AgenaProcess(['standalone', '--data', data, ...SMALL, ...words], { cwd: directory })
}

test('a standalone prints its ready line, and only that, on standard output', async () => {
  await using server = standalone(...FREE_PORTS)
  const facts = await server.ready()
  expect(server.stdout).toMatch(
    /^agena ready namesrv=127\.0\.0\.1:\d+ broker=127\.0\.0\.1:\d+ data=\S+ pid=\d+ in=\d+ ms\n$/,
  )
  expect(facts['data']).toBe(data)
  expect(Number(facts['pid'])).toBe(server.child.pid)
  await server.printed(/Only this machine can connect/)
  await server.printed(new RegExp(`agena produce -n ${facts['namesrv']} -t Greetings`))
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s stops a standalone cleanly', async (signal) => {
  await using server = standalone(...FREE_PORTS)
  await server.ready()
  expect(existsSync(join(data, 'abort'))).toBe(true)
  const { exitCode, stderr } = await server.stop(signal)
  expect(exitCode).toBe(0)
  expect(stderr).toContain(`agena: ${signal}, stopping\n`)
  expect(existsSync(join(data, 'abort'))).toBe(false)
})

test('a stop while it starts is a stop too', async () => {
  await using server = standalone(...FREE_PORTS)
  await new Promise((resolve) => setTimeout(resolve, 150))
  const { exitCode } = await server.stop()
  // Before the process has its handlers, the signal ends it as any other: nothing is open then.
  expect([0, null]).toContain(exitCode)
  await using again = standalone(...FREE_PORTS)
  await again.ready()
})

test('a second signal ends a server at once', async () => {
  await using server = new AgenaProcess([], { module: STUBBORN_SERVER })
  await server.ready()
  server.child.kill('SIGTERM')
  await server.printed(/SIGTERM, stopping/)
  const { exitCode } = await server.stop('SIGINT')
  expect(exitCode).toBe(130)
})

test('a server that cannot stop is ended', async () => {
  await using server = new AgenaProcess([], { module: STUBBORN_SERVER })
  await server.ready()
  const { exitCode, stderr } = await server.stop()
  expect(exitCode).toBe(1)
  expect(stderr).toContain('agena: the stop took longer than 4700 ms, ending it\n')
})

test('a second process on the same directory is refused, and the first goes on', async () => {
  await using first = standalone(...FREE_PORTS)
  await first.ready()
  const second = await standalone(...FREE_PORTS).ended
  expect(second.exitCode).toBe(1)
  expect(second.stdout).toBe('')
  expect(second.stderr).toMatch(/^agena: .* is locked \(STORE_LOCKED\)$/m)
  expect((await first.stop()).exitCode).toBe(0)
})

test.each(['--namesrv-port', '--broker-port'])('a taken port is named: %s', async (option) => {
  await using first = standalone(...FREE_PORTS)
  const address = (await first.ready())['namesrv'] ?? ''
  const other = join(directory, 'other')
  const words = ['standalone', '--data', other, ...SMALL, ...FREE_PORTS, option]
  const port = address.slice(address.indexOf(':') + 1)
  const { exitCode, stderr } = await runAgena([...words, port])
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    new RegExp(`^agena: .*${address}.*EADDRINUSE.*REMOTING_LISTEN_FAILED`, 'm'),
  )
  expect(existsSync(join(other, 'commitlog'))).toBe(false)
})

test('a directory that cannot be made is named', async () => {
  writeFileSync(data, 'a file')
  const { exitCode, stdout, stderr } = await standalone(...FREE_PORTS).ended
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  expect(stderr).toMatch(/^agena: .*\/data.*STORE_DIRECTORY_UNUSABLE\)$/m)
})

test('a broker.conf is read: what has no effect is warned of by name and line', async () => {
  const path = join(directory, 'broker.conf')
  writeFileSync(path, '# mine\nbrokerName = corner\nnonsense=1\ntransientStorePoolEnable=true\n')
  await using server = standalone(...FREE_PORTS, '-c', path)
  await server.ready()
  await server.printed(/broker corner \(0\) /)
  expect(server.stderr).toMatch(/broker\.conf line 3: nonsense has no effect/)
  expect(server.stderr).toMatch(/broker\.conf line 4: transientStorePoolEnable has no effect/)
})

test('a bad value in a broker.conf is an error with its line', async () => {
  const path = join(directory, 'broker.conf')
  writeFileSync(path, '\nlistenPort=many\n')
  const { exitCode, stderr } = await standalone('-c', path).ended
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(
    /^agena: .*broker\.conf line 2: listenPort is "many".*BROKER_OPTION_INVALID/m,
  )
})

test('name server and broker run in processes of their own', async () => {
  await using nameServer = new AgenaProcess(['namesrv', '--port', '0'])
  const { namesrv = '' } = await nameServer.ready()
  expect(nameServer.stdout).toMatch(/^agena ready namesrv=127\.0\.0\.1:\d+ pid=\d+ in=\d+ ms\n$/)
  const words = ['broker', '-n', namesrv, '--data', data, '--broker-port', '0', ...SMALL]
  await using broker = new AgenaProcess(words)
  await broker.ready()
  expect(broker.stdout).toMatch(
    /^agena ready broker=127\.0\.0\.1:\d+ data=\S+ pid=\d+ in=\d+ ms\n$/,
  )
  const sent = await runAgena(['produce', '-n', namesrv, '-t', 'Apart', '--count', '3'])
  expect(sent).toMatchObject({ exitCode: 0, stderr: 'sent 3 messages to Apart\n' })
  expect((await broker.stop()).exitCode).toBe(0)
  expect((await nameServer.stop()).exitCode).toBe(0)
})
