/**
 * Goal: whoever copies code from the README has something that runs and does what it says.
 * Method: each TypeScript block is compiled against the package's doors and run as a program of its
 * own with a new broker; it must print what its `→` comments say and end well, by itself or, where
 * it waits for SIGINT, by that. Each `npx agena` command of the shell blocks runs too.
 */
import { execFile } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { MIB } from '../../engine/base/units.ts'
import { Producer, PushConsumer } from '../../net/client/index.ts'
import { type Standalone, startStandalone } from '../../net/standalone/index.ts'
import { packageRoot } from '../../scripts/java/package-root.ts'
import { AgenaProcess } from '../helpers/agena-process.ts'
import { RunningStandalone, SMALL_STORE } from '../helpers/running-standalone.ts'
import { type TemporaryFolder, temporaryFolder } from '../helpers/temporary-folder.ts'
import { type Snippet, snippetsIn } from './snippets.ts'

const run = promisify(execFile)
/** Where the README says that the name server is. */
const ADDRESS = '127.0.0.1:9876'
const WAIT = { timeout: 20_000, interval: 20 }
/** Small, but with room for a batch of what the README sends. */
const STORE = { ...SMALL_STORE, segmentBytes: 16 * MIB }
/** A file that a snippet's process makes in its folder when it listens for SIGINT. */
const LISTENS = 'listens'
const NOTE_LISTENER = `data:text/javascript,${encodeURIComponent(`
import { writeFileSync } from 'node:fs'
process.on('newListener', (name) => {
  if (name === 'SIGINT') setImmediate(() => writeFileSync('${LISTENS}', ''))
})`)}`
const COMPILER_OPTIONS = {
  target: 'ES2022',
  lib: ['ES2023', 'ESNext.Disposable'],
  module: 'NodeNext',
  types: ['node'],
  strict: true,
  skipLibCheck: true,
}

const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')

let folder: TemporaryFolder
beforeAll(() => {
  folder = temporaryFolder('readme')
})
afterAll(() => folder[Symbol.dispose]())

describe('TypeScript in the README', () => {
  const snippets = snippetsIn(readme, 'ts')

  beforeAll(async () => {
    const modules = join(folder.path, 'node_modules')
    mkdirSync(modules)
    symlinkSync(packageRoot, join(modules, 'agena'))
    symlinkSync(join(packageRoot, 'node_modules/@types'), join(modules, '@types'))
    write('package.json', { private: true, type: 'module' })
    write('tsconfig.json', { compilerOptions: COMPILER_OPTIONS, include: ['*.ts'] })
    for (const { code, line } of snippets) writeFileSync(pathOf(line, 'ts'), code)
  })

  test('has the right types', async () => {
    const compiler = join(packageRoot, 'node_modules/typescript/bin/tsc')
    const compile = run(process.execPath, [compiler, '-p', folder.path]).catch(
      (error: { readonly stdout: string }) => error,
    )
    expect((await compile).stdout).toBe('')
  })

  test.each(snippets)('runs: line $line', async (snippet) => {
    expect(snippet.shown, 'a comment "// → text" says what it prints').not.toEqual([])
    await using broker = await RunningStandalone.start({ store: STORE })
    const path = pathOf(snippet.line, 'js')
    const code = readFileSync(path, 'utf8')
    writeFileSync(path, code.replaceAll(ADDRESS, broker.server.nameServerAddress))
    const { exitCode, stderr, stdout } = await runSnippet(path, snippet)
    expect(stderr).toBe('')
    expect(stdout.trimEnd().split('\n')).toEqual(snippet.shown.map(whatever))
    expect(exitCode).toBe(0)
  })

  function pathOf(line: number, extension: string): string {
    return join(folder.path, `line-${line}.${extension}`)
  }

  function write(name: string, content: object): void {
    writeFileSync(join(folder.path, name), JSON.stringify(content))
  }
})

/** What a line is to be, with `…` for anything. */
function whatever(text: string): unknown {
  const parts = text.split('…').map((part) => part.replace(/[$()*+.?[\\\]^{|}]/g, '\\$&'))
  return expect.stringMatching(`^${parts.join('.*')}$`)
}

async function runSnippet(path: string, snippet: Snippet): ReturnType<AgenaProcess['stop']> {
  using place = temporaryFolder('snippet')
  const env = { HOME: place.path, NODE_OPTIONS: `--import=${NOTE_LISTENER}` }
  const options = { module: path, cwd: place.path, env }
  await using program = new AgenaProcess([], options)
  if (snippet.code.includes('SIGINT')) {
    const isShown = (): boolean => program.stdout.split('\n').length > snippet.shown.length
    // What it shows may come before it listens for the signal, which ends it without its clean-up.
    const isListening = (): boolean => existsSync(join(place.path, LISTENS))
    const isOver = (): boolean => program.child.exitCode !== null
    await vi.waitUntil(() => (isShown() && isListening()) || isOver(), WAIT)
    program.child.kill('SIGINT')
  }
  return await program.ended
}

describe('shell commands in the README', () => {
  const commands = snippetsIn(readme, 'sh').flatMap(({ code, line }) =>
    code
      .split('\n')
      .map((command, at) => ({ line: line + at, command }))
      .filter(({ command }) => command.includes('npx agena ')),
  )
  const isOfStore = (command: string): boolean => command.includes('npx agena store ')
  let server: Standalone
  let deadLetterId: string

  beforeAll(async () => {
    server = await startStandalone({
      dataDirectory: join(folder.path, 'agena-data'),
      namesrvPort: 0,
      brokerPort: 0,
      broker: { store: STORE },
    })
    deadLetterId = await leaveDeadLetter(server)
  })
  afterAll(() => server.close())

  test.each(commands.filter(({ command }) => !isOfStore(command)))(
    'runs: line $line',
    async ({ command }) => {
      await expect(outputOf(command)).resolves.toEqual(expected(command))
    },
  )

  test('runs those about a store that nobody uses', async () => {
    await server.close()
    for (const { command } of commands.filter((row) => isOfStore(row.command))) {
      await expect(outputOf(command)).resolves.toEqual(expected(command))
    }
  })

  /** What a command prints; rejects unless it ends with 0. */
  async function outputOf(command: string): Promise<string> {
    const line = command
      .replace(/ +# .*$/, '')
      .replaceAll(ADDRESS, server.nameServerAddress)
      .replace('7F00…', deadLetterId)
      .replace(/npx agena dlq .*/, `$& -n ${server.nameServerAddress}`)
    const main = join(packageRoot, 'dist/net/cli/main.js')
    const npx = `npx() { shift; "${process.execPath}" "${main}" "$@"; }`
    const { stderr, stdout } = await run('bash', ['-c', `${npx}\n${line}`], { cwd: folder.path })
    return stdout + stderr
  }
})

/** What a command says with its arrow, or anything. */
function expected(command: string): unknown {
  const [text = ''] = snippetsIn(`\`\`\`sh\n${command}\n\`\`\``, 'sh').flatMap(({ shown }) => shown)
  return text === '' ? expect.stringMatching(/./) : expect.stringContaining(text)
}

/** The README's group has given up one message; its id. */
async function leaveDeadLetter(server: Standalone): Promise<string> {
  const nameServers = [server.nameServerAddress]
  await using producer = await Producer.start({ nameServers, group: 'writers' })
  const { messageId } = await producer.send({ topic: 'Refused', body: 'dead' })
  await using _consumer = await PushConsumer.start({
    nameServers,
    group: 'readers',
    consumeFrom: 'first',
    subscriptions: { Refused: '*' },
    onMessage: async (_, context) => {
      context.delayLevel = -1
      return 'later'
    },
  })
  await vi.waitUntil(() => server.broker.store.maxQueueOffset('%DLQ%readers', 0) === 1, WAIT)
  return messageId
}
