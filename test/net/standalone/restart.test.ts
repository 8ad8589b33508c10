/** What a standalone still knows after a restart, its name server's part included. */
import { expect, test } from 'vitest'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest, type RemotingCommand } from '../../../net/remoting/remoting-command.ts'
import { startStandalone } from '../../../net/standalone/index.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const TIMEOUT_MS = 5000

/** Starts one, asks its name server, and stops it. */
async function ask(
  dataDirectory: string,
  code: number,
  fields: Readonly<Record<string, string>>,
): Promise<RemotingCommand> {
  const overrides = ['mappedFileSizeCommitLog=1048576', 'maxIndexNum=1000']
  const ports = { namesrvPort: 0, brokerPort: 0 }
  await using server = await startStandalone({ dataDirectory, ...ports, overrides })
  const client = new RemotingClient()
  try {
    const request = createRequest(code, { extFields: new Map(Object.entries(fields)) })
    return await client.invoke(server.nameServerAddress, request, TIMEOUT_MS)
  } finally {
    await client.close()
  }
}

test('the KV configs of its name server', async () => {
  using folder = temporaryFolder('restart')
  const key = { namespace: 'ORDER_TOPIC_CONFIG', key: 'T' }
  const put = await ask(folder.path, RequestCode.PUT_KV_CONFIG, { ...key, value: 'broker-a:4' })
  expect(put.code).toBe(0)
  const got = await ask(folder.path, RequestCode.GET_KV_CONFIG, key)
  expect(got.extFields.get('value')).toBe('broker-a:4')
})
