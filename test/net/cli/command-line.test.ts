/**
 * Goal: a person who does not know the command finds out, and a script can rely on exit codes.
 * Method: the real command line in its own process.
 */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { runAgena } from '../../helpers/agena-process.ts'

const UNREACHABLE = '127.0.0.1:1'

test('the version is the package`s', async () => {
  const path = new URL('../../../../package.json', import.meta.url)
  const { version } = JSON.parse(readFileSync(path, 'utf8')) as { version: string }
  const { exitCode, stdout } = await runAgena(['--version'])
  expect(exitCode).toBe(0)
  expect(stdout).toBe(`${version}\n`)
})

test('help names every command', async () => {
  const { exitCode, stdout } = await runAgena(['--help'])
  expect(exitCode).toBe(0)
  for (const name of ['standalone', 'namesrv', 'broker', 'produce', 'consume', 'bench', 'store']) {
    expect(stdout).toMatch(new RegExp(`^ {2}${name} `, 'm'))
  }
})

test.each([
  ['standalone', '--namesrv-port', '--set flushDiskType=SYNC_FLUSH'],
  ['namesrv', '--port', 'agena namesrv --host 0.0.0.0'],
  ['broker', '--namesrv', "agena broker -n 'ns1:9876;ns2:9876'"],
  ['produce', '--sharding-key', "echo 'hello' | agena produce"],
  ['consume', '--from', 'agena consume -t Greetings --from first'],
  ['bench', 'e2e', 'agena bench send --size 128'],
  ['store', 'inspect', 'store'],
])('help of %s shows %s and an example', async (command, option, example) => {
  const { exitCode, stdout } = await runAgena([command, '--help'])
  expect(exitCode).toBe(0)
  expect(stdout).toContain(option)
  expect(stdout).toContain(example)
})

test.each([
  [['nonsense'], "error: unknown command 'nonsense'"],
  [['standalone', '--nonsense'], "error: unknown option '--nonsense'"],
  [['standalone', 'extra'], "error: too many arguments for 'standalone'"],
  [['standalone', '--broker-port', '65536'], 'It must be an integer from 0 to 65535.'],
  [['standalone', '--set', 'nonsense'], 'It must be key=value.'],
  [['produce'], "error: required option '-t, --topic <name>' not specified"],
  [['produce', '-t', 'A', '-n', 'nonsense'], 'It must be host:port.'],
  [['consume', '-t', 'A', '--from', 'yesterday'], "It must be 'first', 'last' or a time"],
  [['bench', 'send', '--size', 'big'], 'It must be a size as 128, 4KiB or 1MiB.'],
  [['store', 'inspect'], "error: missing required argument 'dir'"],
])('%j cannot be understood: exit code 2', async (words, message) => {
  const { exitCode, stdout, stderr } = await runAgena(words)
  expect(exitCode).toBe(2)
  expect(stdout).toBe('')
  expect(stderr).toContain(message)
  expect(stderr).toContain('--help')
})

test.each([
  [['produce', '-t', 'A', '--count', '1', '-n', UNREACHABLE], 'CLIENT_NAME_SERVER_UNREACHABLE'],
  [['consume', '-t', 'A', '-n', UNREACHABLE], 'CLIENT_NAME_SERVER_UNREACHABLE'],
  [['bench', 'send', '-n', UNREACHABLE], 'REMOTING_CONNECT_FAILED'],
  [['store', 'inspect', '/nonexistent'], 'STORE_DIRECTORY_UNUSABLE'],
  [['standalone', '--set', 'nonsense=1'], 'BROKER_OPTION_INVALID'],
  [['broker', '--set', 'listenPort=x'], 'BROKER_OPTION_INVALID'],
  [['namesrv', '-c', '/nonexistent'], 'ENOENT'],
])('%j fails with one line and exit code 1', async (words, code) => {
  const { exitCode, stdout, stderr } = await runAgena(words)
  expect(exitCode).toBe(1)
  expect(stdout).toBe('')
  const lines = stderr.trimEnd().split('\n')
  expect(lines.at(-1)).toMatch(/^agena: /)
  expect(lines.at(-1)).toContain(code)
  expect(stderr).not.toContain('    at ')
})

test('AGENA_DEBUG=1 shows where it failed', async () => {
  const env = { AGENA_DEBUG: '1' }
  const { exitCode, stderr } = await runAgena(['store', 'inspect', '/nonexistent'], { env })
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^ {4}at inspectStore /m)
})
