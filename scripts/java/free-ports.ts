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

/** Whoever was given one may not listen on it yet: nobody is given it again. */
const givenPorts = new Set<number>()

/** A port that was free a moment ago. */
export async function freePort(): Promise<number> {
  const port = await freePortWith([0])
  if (port === undefined) throw new Error('no free port')
  return port
}

/** A port whose neighbours that a broker also takes are free too. */
export async function freeBrokerPort(): Promise<number> {
  const port = await freePortWith(BROKER_PORT_STEPS)
  if (port === undefined) throw new Error('no three free ports near each other')
  return port
}

async function freePortWith(steps: readonly number[]): Promise<number | undefined> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const port = candidate()
    const ports = steps.map((step) => port + step)
    if (ports.some((one) => givenPorts.has(one))) continue
    for (const one of ports) givenPorts.add(one)
    if (await areFree(ports)) return port
  }
  return undefined
}

function candidate(): number {
  const first = FIRST_PORT + poolId * PORTS_PER_PROCESS
  return first + Math.floor(Math.random() * PORTS_PER_PROCESS)
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
