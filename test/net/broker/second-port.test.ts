/** The port below its own where a broker listens for clients of old (`vipChannelEnabled`). */
import { createServer, type Server } from 'node:net'
import { expect, test } from 'vitest'
import type { Logger } from '../../../engine/base/logger.ts'
import { RequestCode } from '../../../net/protocol/request-code.ts'
import { RemotingClient } from '../../../net/remoting/remoting-client.ts'
import { createRequest } from '../../../net/remoting/remoting-command.ts'
import { Broker, parseBrokerConfig } from '../../../net/standalone/index.ts'
import { sendFields } from '../../helpers/running-standalone.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const HOST = '127.0.0.1'
const TIMEOUT_MS = 5000

/** The one who has a port; undefined when somebody else has. */
function take(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(undefined))
    server.listen(port, HOST, () => resolve(server))
  })
}

function release(server: Server | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (server === undefined) resolve()
    else server.close(() => resolve())
  })
}

/** A port that is free with the second one below it. */
async function freePort(): Promise<number> {
  for (;;) {
    const server = await take(0)
    const address = server?.address()
    const port = typeof address === 'object' ? (address?.port ?? 0) : 0
    const below = await take(port - 2)
    await release(server)
    await release(below)
    if (below !== undefined) return port
  }
}

function start(folder: string, port: number, logger: Logger): Promise<Broker> {
  const small = ['mappedFileSizeCommitLog=1048576', 'maxIndexNum=1000']
  const overrides = [`storePathRootDir=${folder}`, `listenPort=${port}`, ...small]
  return Broker.start(parseBrokerConfig({ overrides }).config, { logger })
}

async function send(port: number): Promise<string | undefined> {
  const client = new RemotingClient()
  try {
    const fields = Object.entries(sendFields('T')).map(
      ([key, value]) => [key, String(value)] as const,
    )
    const request = createRequest(RequestCode.SEND_MESSAGE_V2, { extFields: new Map(fields) })
    const answer = await client.invoke(`${HOST}:${port}`, request, TIMEOUT_MS)
    return answer.extFields.get('queueOffset')
  } finally {
    await client.close()
  }
}

test('it serves what the other serves, and goes where somebody else has it', async () => {
  using folder = temporaryFolder('second-port')
  const warnings: string[] = []
  const logger: Logger = {
    info: () => undefined,
    warn: (text) => warnings.push(text),
    error: (text) => warnings.push(text),
  }
  const port = await freePort()
  {
    await using broker = await start(folder.path, port, logger)
    expect([await send(port), await send(port - 2)]).toEqual(['0', '1'])
    expect(broker.port).toBe(port)
    expect(warnings).toEqual([])
  }
  const other = await take(port - 2)
  {
    await using broker = await start(folder.path, port, logger)
    expect(await send(broker.port)).toBe('2')
    expect(warnings).toEqual([expect.stringContaining(`cannot listen on ${HOST}:${port - 2}`)])
  }
  await release(other)
})
