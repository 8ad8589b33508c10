import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { packageRoot } from '../../../scripts/java/package-root.ts'
import { RunningStandalone } from '../../helpers/running-standalone.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

test('the example of a filter in the README runs as it stands', async () => {
  await using running = await RunningStandalone.start()
  using folder = temporaryFolder('filter-example')
  const readme = readFileSync(join(packageRoot, 'README.md'), 'utf8')
  const example = /```ts\n(import \{ LitePullConsumer, Producer \}[\s\S]*?)```/.exec(readme)?.[1]
  expect(example).toBeDefined()
  const door = join(packageRoot, 'dist/net/client/index.js')
  const source = (example ?? '')
    .replaceAll('127.0.0.1:9876', running.server.nameServerAddress)
    .replace("'agena'", JSON.stringify(door))
    .replaceAll('await using', 'const')
  const script = join(folder.path, 'example.mjs')
  writeFileSync(script, `${source}\nawait consumer.close()\nawait producer.close()\n`)
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const [code] = await once(child, 'exit')
  expect(code).toBe(0)
  expect(output).toBe('near\n')
})
