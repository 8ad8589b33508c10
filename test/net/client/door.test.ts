/** Goal: whoever imports the client gets no native code and no thread that they did not ask for. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const door = new URL('../../../net/client/index.js', import.meta.url)

const PROGRAM = `
  const { Producer } = await import(${JSON.stringify(door.href)})
  const producer = await Producer.start({ nameServers: ['127.0.0.1:9876'], group: 'tests' })
  await producer.close()
  const { sharedObjects, workers } = process.report.getReport()
  const native = sharedObjects.filter((path) => path.endsWith('.node'))
  console.log(JSON.stringify({ native, workers }))
`

test('the door loads nothing native and starts no thread', async () => {
  const words = ['--input-type=module', '--eval', PROGRAM]
  const { stdout } = await promisify(execFile)(process.execPath, words)
  expect(JSON.parse(stdout)).toEqual({ native: [], workers: [] })
})
