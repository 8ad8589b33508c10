/**
 * Goal: peers that open connections without end keep nobody who is connected from being served, nor
 * the log from its next segment; the log says why they are turned away.
 * Method: the real process with few files to open, and many times as many sockets to both of its
 * ports.
 */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { RequestCode } from '../../net/protocol/request-code.ts'
import { parseAddress } from '../../net/remoting/address.ts'
import { pullFields, sendFields } from '../helpers/running-standalone.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { KilledBroker } from './kills/killed-broker.ts'

const FILES_MAX = 512
const SOCKETS = 800
const BODY_BYTES = 60_000
/** Three segments of a megabyte. */
const SENDS = 50
const WAITING_PULL = pullFields('T', {
  queueOffset: 40,
  sysFlag: 2 | 4,
  suspendTimeoutMillis: 10_000,
})
const SETTINGS = ['mappedFileSizeCommitLog=1048576', 'mappedFileSizeConsumeQueue=2000']

async function openMany(address: string): Promise<Socket[]> {
  const { host, port } = parseAddress(address)
  const sockets: Socket[] = []
  for (let count = 0; count < SOCKETS; count += 1) {
    const socket = connect(port, host)
    socket.on('error', () => undefined)
    await once(socket, 'connect')
    // Half a header, and nothing more.
    socket.write(Buffer.of(0, 0, 1))
    sockets.push(socket)
  }
  return sockets
}

test('connections without end', async () => {
  using folder = temporaryFolder('connections')
  const under = ['sh', '-c', `ulimit -n ${FILES_MAX}; exec "$@"`, '--']
  const broker = await KilledBroker.start(folder.path, SETTINGS, { under })
  const send = () =>
    broker.ask(RequestCode.SEND_MESSAGE_V2, sendFields('T'), Buffer.alloc(BODY_BYTES))
  const sockets: Socket[] = []
  try {
    expect((await send()).code).toBe(0)
    sockets.push(...(await openMany(broker.address)), ...(await openMany(broker.nameServer)))
    await broker.process.printed(/a connection was refused, \d+ are open/)
    for (let count = 1; count < SENDS; count += 1) expect((await send()).code).toBe(0)
    expect(await broker.endOf('T', 0)).toBe(SENDS)
    const pulled = await broker.ask(RequestCode.PULL_MESSAGE, WAITING_PULL)
    expect(pulled.code).toBe(0)
    for (const socket of sockets.splice(0)) socket.destroy()
    // Whoever comes when they are gone is served.
    await expect
      .poll(() =>
        broker.askAside(RequestCode.GET_BROKER_RUNTIME_INFO, {}).then(
          ({ code }) => code,
          () => -1,
        ),
      )
      .toBe(0)
  } finally {
    for (const socket of sockets) socket.destroy()
    await broker.kill()
  }
})
