import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBrokerPort, freePort } from '../../scripts/java/free-ports.ts'
import { JavaProcess } from '../../scripts/java/java-process.ts'
import { type JavaToolchain, resolveJavaToolchain } from '../../scripts/java/java-toolchain.ts'
import {
  type Cluster,
  type NameServerPeer,
  type PeerOptions,
  sharedBrokerSettings,
} from './cluster.ts'

const READY_TIMEOUT_MS = 60_000
const HEAP_MIB = 700

/** Java's own: nothing listens beyond loopback where it can be helped, nothing large is made. */
const JAVA_BROKER_SETTINGS: Readonly<Record<string, string>> = {
  bindAddress: '127.0.0.1',
  mappedFileSizeTimerLog: '1048576',
  enableCompaction: 'false',
  // A busy machine is no reason to refuse messages.
  waitTimeMillsInSendQueue: '10000',
  osPageCacheBusyTimeOutMills: '10000',
}

/** A broker of Apache RocketMQ, with a name server unless one is given. */
export async function startJavaBroker(options: PeerOptions): Promise<Cluster> {
  const roles: string[] = []
  const { ports } = options
  const nameServer = options.nameServer ?? `127.0.0.1:${ports?.nameServer ?? (await freePort())}`
  if (options.nameServer === undefined) roles.push(...(await nameServerRole(options, nameServer)))
  const port = ports?.broker ?? (await freeBrokerPort())
  const dataDirectory = options.dataDirectory ?? join(options.scratch, 'store')
  const settings = {
    ...sharedBrokerSettings,
    // On two busy cores Java's broker would refuse what waited for 200 ms in its queue.
    waitTimeMillsInSendQueue: '20000',
    ...JAVA_BROKER_SETTINGS,
    ...options.settings,
    namesrvAddr: nameServer,
    listenPort: String(port),
    storePathRootDir: dataDirectory,
    storePathCommitLog: join(dataDirectory, 'commitlog'),
  }
  roles.push('broker', await writeProperties(options.scratch, 'broker.conf', settings))
  const host = await startHost(options.scratch, roles)
  return {
    side: 'java',
    nameServer,
    broker: `127.0.0.1:${port}`,
    dataDirectory,
    stop: () => host.stop(),
    kill: () => host.kill(),
  }
}

/** A name server of Apache RocketMQ alone. */
export async function startJavaNameServer(
  options: Pick<PeerOptions, 'scratch'>,
): Promise<NameServerPeer> {
  const nameServer = `127.0.0.1:${await freePort()}`
  const host = await startHost(options.scratch, await nameServerRole(options, nameServer))
  return { nameServer, stop: () => host.stop(), kill: () => host.kill() }
}

async function nameServerRole(
  options: Pick<PeerOptions, 'scratch'>,
  address: string,
): Promise<string[]> {
  const path = await writeProperties(options.scratch, 'namesrv.conf', {
    listenPort: address.split(':')[1] ?? '',
    bindAddress: '127.0.0.1',
    kvConfigPath: join(options.scratch, 'kv-config.json'),
    configStorePath: join(options.scratch, 'namesrv.properties'),
  })
  return ['namesrv', path]
}

async function startHost(scratch: string, roles: readonly string[]): Promise<JavaProcess> {
  const toolchain = await javaToolchain()
  const host = new JavaProcess(toolchain, {
    mainClass: 'agena.interop.PeerHost',
    arguments: roles,
    scratch,
    heapMib: HEAP_MIB,
  })
  try {
    await host.waitForLine((line) => line === 'ready', READY_TIMEOUT_MS)
  } catch (error) {
    await host.kill()
    throw error
  }
  return host
}

async function writeProperties(
  folder: string,
  name: string,
  settings: Readonly<Record<string, string>>,
): Promise<string> {
  const path = join(folder, name)
  const lines = Object.entries(settings).map(([key, value]) => `${key}=${value}\n`)
  await writeFile(path, lines.join(''))
  return path
}

let toolchainPromise: Promise<JavaToolchain> | undefined

/** Resolved once a process. */
export function javaToolchain(): Promise<JavaToolchain> {
  toolchainPromise ??= resolveJavaToolchain()
  return toolchainPromise
}
