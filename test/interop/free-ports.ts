import { createServer, type Server } from 'node:net'

/** Offsets from a Java broker's port: its second listener, itself, replication. */
const BROKER_PORT_STEPS = [-2, 0, 1]
const MAX_TRIES = 50

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const server = await listen(0)
  const port = portOf(server)
  await close(server)
  return port
}

/** A port whose neighbours that a broker also takes are free too. */
export async function freeBrokerPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = await freePort()
    if (await areFree(BROKER_PORT_STEPS.map((step) => port + step))) return port
  }
  throw new Error('no three free ports near each other')
}

async function areFree(ports: readonly number[]): Promise<boolean> {
  const servers: Server[] = []
  try {
    for (const port of ports) servers.push(await listen(port))
    return true
  } catch {
    // Taken by somebody else: the caller looks further.
    return false
  } finally {
    for (const server of servers) await close(server)
  }
}

function listen(port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', reject)
    server.listen(port, '127.0.0.1', () => resolve(server))
  })
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('not a TCP listener')
  return address.port
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
