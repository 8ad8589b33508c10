/**
 * Makes mqadmin's output comparable between two brokers that went through the same scenario.
 * Whatever is left out or replaced is listed here, with the reason; everything else must be equal.
 */
import type { AdminCommand } from './admin-scenario.ts'

/** A value of one run that stands for the same thing in the other: `from` becomes `to`. */
export interface Replacement {
  readonly from: string
  readonly to: string
}

type Row = Readonly<Record<string, string>>

/** Times, ports of clients, rates, and paths of this machine. */
const VOLATILE: readonly (readonly [RegExp, string])[] = [
  [/\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:,\d{3})?/g, 'TIME'],
  [/(?<=Born Host: +127\.0\.0\.1:)\d+/g, 'PORT'],
  [/(?<=Message Body Path: +)\S+/g, 'PATH'],
  [/(?<=TPS: )[\d.]+/g, 'RATE'],
  // The hour of storing, by which the index is divided.
  [/\b\d{13}(?=@)/g, 'HOUR'],
  // The time that names the folder of a report, a subscription's version, a sign of life.
  [/\b\d{13}(?=\/)/g, 'TIME'],
  [/(?<="subVersion":)\d+/g, 'TIME'],
  [/(?<=lastUpdateTimestamp=)\d+/g, 'TIME'],
  [/(?<=CLIENT +127\.0\.0\.1:)\d+/g, 'PORT'],
  [/(?<=remoteIP=\/127\.0\.0\.1:)\d+/g, 'PORT'],
  [/(?<=spentTimeMills=)\d+/g, 'MS'],
]

/** Columns that are rates, times, addresses or the version. */
const VOLATILE_COLUMNS = {
  clusterList: [
    'Addr',
    'Version',
    'InTPS(LOAD)',
    'OutTPS(LOAD)',
    'Timer(Progress)',
    'PCWait(ms)',
    'Hour',
    'SPACE',
  ],
  consumerProgress: ['Version', 'TPS'],
  statsAll: ['InTPS', 'OutTPS', 'InMsg24Hour', 'OutMsg24Hour'],
} as const

/** Keys of `brokerStatus` whose values are times, rates, the version, or the state of the disk. */
const VOLATILE_KEYS: readonly RegExp[] = [
  /^bootTimestamp$/,
  /^runtime$/,
  /^startAcceptSendRequestTimeStamp$/,
  /^earliestMessageTimeStamp$/,
  /HeadWaitTimeMills$/,
  /^pageCacheLockTimeMills$/,
  /^(get|put)MessageEntireTimeMax$/,
  /^putMessageDistributeTime$/,
  /^putLatency/,
  /Tps$/,
  /^timer(Read|Offset)Behind$/,
  /^brokerVersionDesc$/,
  /^commitLogDirCapacity$/,
  /DiskRatio/,
]

/** What two runs of a command must have in common. */
export function comparable(
  command: AdminCommand,
  output: string,
  replacements: readonly Replacement[],
): unknown {
  switch (command) {
    case 'clusterList':
      return parseTable(output, cutAtGaps, VOLATILE_COLUMNS.clusterList)
    case 'consumerProgress':
      return parseTable(output, cutAtColumns, VOLATILE_COLUMNS.consumerProgress)
    case 'brokerStatus':
      return parseStatus(output, replacements)
    // Printed in the order of a hash table.
    case 'topicList':
    case 'topicListAfterDelete':
    case 'topicListByCluster':
    case 'queryMsgByKey':
    case 'getConsumerStatus':
    case 'consumerConnection':
    case 'brokerConsumeStats':
    case 'resetOffsetByTime':
    case 'skipAccumulatedMessage':
      return [...parseLines(output, replacements)].sort()
    // Its retry topic is listed once the first long poll there has ended, which takes 15 seconds,
    // or up to 20 where RocketMQ's broker looks for those that are over: before this, or after it.
    case 'consumerProgressOfOnline':
      return parseLines(output, replacements).filter((line) => !line.startsWith('%RETRY%'))
    case 'updateTopic':
    case 'topicRoute':
    case 'topicStatus':
    case 'consumerProgressOfOffline':
    case 'queryMsgById':
    case 'queryMsgByUniqueKey':
    case 'deleteTopic':
    case 'consumerStatus':
    case 'producerConnection':
    case 'consumeDirectly':
    case 'queryCq':
    case 'queryCqOfOnline':
    case 'consumerProgressAfterReset':
    case 'resetOffsetOfQueue':
    case 'consumerProgressAfterQueueReset':
    case 'consumerProgressAfterSkip':
    case 'cloneGroupOffset':
    case 'consumerProgressAfterClone':
      return parseLines(output, replacements)
    case 'statsAll':
      return parseTable(output, cutAtGaps, VOLATILE_COLUMNS.statsAll)
    // Each run of mqadmin is a client of its own, for as long as its connection lives.
    case 'producer':
      return parseLines(output, replacements).filter((line) => line.includes('CLIENT,'))
  }
}

function parseLines(output: string, replacements: readonly Replacement[]): readonly string[] {
  let text = output
  for (const { from, to } of replacements) text = text.replaceAll(from, to)
  for (const [pattern, replacement] of VOLATILE) text = text.replace(pattern, replacement)
  return text.split('\n').map((line) => line.trimEnd().replace(/ {2,}/g, '  '))
}

/** Cuts a row, whose header is given too, into its cells. */
type Cut = (line: string, header: string) => readonly string[]

/** Rows of named cells, from a table whose first line names its columns with `#`, sorted. */
function parseTable(output: string, cut: Cut, leftOut: readonly string[]): readonly Row[] {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const header = lines.find((line) => line.startsWith('#')) ?? ''
  const names = header.split('#').map((name) => name.trim())
  return lines
    .filter((line) => line !== header)
    .map((line) => cut(line, header))
    .map((cells) => names.slice(1).map((name, at): [string, string] => [name, cells[at] ?? '']))
    .map((row) => Object.fromEntries(row.filter(([name]) => !leftOut.includes(name))))
    .sort((left, right) => JSON.stringify(left).localeCompare(JSON.stringify(right)))
}

/** For tables without empty cells, whose cells need not begin below their names. */
function cutAtGaps(line: string): readonly string[] {
  return line.trim().split(/ {2,}/)
}

/** For tables with empty cells, whose cells begin below their names. */
function cutAtColumns(line: string, header: string): readonly string[] {
  const starts = [...header.matchAll(/#/g)].map((mark) => mark.index)
  return starts.map((start, at) => line.slice(start, starts[at + 1]).trim())
}

/** `name : value` lines. */
function parseStatus(output: string, replacements: readonly Replacement[]): Row {
  const pairs = parseLines(output, replacements)
    .filter((line) => line.includes(': '))
    .map((line): [string, string] => {
      const at = line.indexOf(': ')
      return [line.slice(0, at).trim(), line.slice(at + 2).trim()]
    })
  return Object.fromEntries(
    pairs.filter(([key]) => !VOLATILE_KEYS.some((pattern) => pattern.test(key))),
  )
}
