import { createServer, type Server } from 'node:net'

/** Offsets from a Java broker's port: its second listener, itself, replication. */
const BROKER_PORT_STEPS = [-2, 0, 1]
const MAX_TRIES = 50

/**
 * Below what Linux gives to outgoing connections, so that none of them takes a port between this
 * look and its use; each of the runner's processes has a part of its own.
 */
const FIRST_PORT = 20_000
const PORTS_PER_PROCESS = 1_500
const PROCESSES = 8
const poolId = Number(process.env['VITEST_POOL_ID'] ?? 1) % PROCESSES

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = candidate()
    if (await areFree([port])) return port
  }
  throw new Error('no free port')
}

function candidate(): number {
  const first = FIRST_PORT + poolId * PORTS_PER_PROCESS
  return first + Math.floor(Math.random() * PORTS_PER_PROCESS)
}

/** A port whose neighbours that a broker also takes are free too. */
export async function freeBrokerPort(): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = candidate()
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

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
  })
}
