import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freeBrokerPort, freePort } from '../../../scripts/java/free-ports.ts'
import { JavaProcess } from '../../../scripts/java/java-process.ts'
import {
  type JavaToolchain,
  missingJavaTools,
  resolveJavaToolchain,
} from '../../../scripts/java/java-toolchain.ts'
import { guard, pauseProcesses, release, resumeProcesses } from './paused-processes.ts'
import { brokerSettings, type Side, type SideOptions } from './side.ts'

const READY_MS_MAX = 120_000
const NAME_SERVER_HEAP = '512m'

/** What RocketMQ's runbroker.sh starts Java 17 with, but for the heap: it ships with 8 GiB. */
const SHIPPED_OPTIONS = [
  '-server',
  '-XX:+UseG1GC',
  '-XX:G1HeapRegionSize=16m',
  '-XX:G1ReservePercent=25',
  '-XX:InitiatingHeapOccupancyPercent=30',
  '-XX:SoftRefLRUPolicyMSPerMB=0',
  '-XX:-OmitStackTraceInFastThrow',
  '-XX:+AlwaysPreTouch',
  '-XX:MaxDirectMemorySize=15g',
  '-XX:-UseLargePages',
]

/** The virtual machine's options with a heap of `size`, as `4g`. */
export function machineOptions(size: string): readonly string[] {
  return [`-Xms${size}`, `-Xmx${size}`, ...SHIPPED_OPTIONS]
}

let toolchainPromise: Promise<JavaToolchain> | undefined

/** Apache RocketMQ's class path, asked of Maven once. @throws {Error} without Java or Maven */
export function javaToolchain(): Promise<JavaToolchain> {
  toolchainPromise ??= findToolchain()
  return toolchainPromise
}

async function findToolchain(): Promise<JavaToolchain> {
  const missing = await missingJavaTools()
  if (missing.length > 0) throw new Error(`no ${missing.join(', ')} on this machine`)
  return resolveJavaToolchain()
}

/** Starts a name server and a broker of Apache RocketMQ, each in a process of its own. */
export async function startJava(options: SideOptions, heap: string): Promise<Side> {
  await mkdir(options.scratch, { recursive: true })
  const port = await freePort()
  const nameServer = `127.0.0.1:${port}`
  const nameServerProcess = await startNameServer(options.scratch, port)
  const brokerPort = await freeBrokerPort()
  const startMs = performance.now()
  const broker = await startProgram({
    mainClass: 'org.apache.rocketmq.broker.BrokerStartup',
    arguments: ['-c', await writeBrokerConfig(options, nameServer, brokerPort)],
    scratch: join(options.scratch, 'broker'),
    machineOptions: machineOptions(heap),
  })
  const readyMs = performance.now() - startMs
  const processes = [broker, nameServerProcess]
  return {
    name: 'RocketMQ',
    nameServer,
    nameServerPid: nameServerProcess.pid,
    broker: `127.0.0.1:${brokerPort}`,
    brokerPid: broker.pid,
    readyMs,
    resume: () => resumeProcesses(processes),
    pause: () => pauseProcesses(processes),
    stop: async () => {
      resumeProcesses(processes)
      for (const program of processes) await program.stop()
      for (const { pid } of processes) release(pid)
    },
    kill: async () => {
      for (const program of processes) await program.kill()
      for (const { pid } of processes) release(pid)
    },
  }
}

async function startNameServer(scratch: string, port: number): Promise<JavaProcess> {
  const path = join(scratch, 'namesrv.conf')
  await writeFile(
    path,
    propertiesText({
      listenPort: String(port),
      bindAddress: '127.0.0.1',
      kvConfigPath: join(scratch, 'kv-config.json'),
      configStorePath: join(scratch, 'namesrv.properties'),
    }),
  )
  return startProgram({
    mainClass: 'org.apache.rocketmq.namesrv.NamesrvStartup',
    arguments: ['-c', path],
    scratch: join(scratch, 'namesrv'),
    machineOptions: [`-Xms${NAME_SERVER_HEAP}`, `-Xmx${NAME_SERVER_HEAP}`, '-XX:+UseG1GC'],
  })
}

async function startProgram(
  program: ConstructorParameters<typeof JavaProcess>[1],
): Promise<JavaProcess> {
  const child = new JavaProcess(await javaToolchain(), program)
  guard(child.pid)
  try {
    await child.waitForLine((line) => line.includes('boot success'), READY_MS_MAX)
  } catch (error) {
    await child.kill()
    release(child.pid)
    throw error
  }
  return child
}

async function writeBrokerConfig(
  options: SideOptions,
  nameServer: string,
  port: number,
): Promise<string> {
  const path = join(options.scratch, 'broker.conf')
  const settings = {
    ...brokerSettings(options),
    namesrvAddr: nameServer,
    listenPort: String(port),
    storePathRootDir: options.dataDirectory,
    storePathCommitLog: join(options.dataDirectory, 'commitlog'),
  }
  await writeFile(path, propertiesText(settings))
  return path
}

function propertiesText(settings: Readonly<Record<string, string>>): string {
  return Object.entries(settings)
    .map(([key, value]) => `${key}=${value}\n`)
    .join('')
}
