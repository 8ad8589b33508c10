import type { ClientWork, Row } from './row.ts'

const KIB = 1024
const MESSAGE_COUNT = 2_000_000

/** Our client beside Java's: both before one broker of ours, and what is measured is the client. */
export const clientRows: readonly Row[] = [
  ...[128, KIB].flatMap((bodyBytes) =>
    [256, KIB].map((inFlight) => clientRow({ kind: 'send', bodyBytes, inFlight })),
  ),
  ...[1, 32].map((batchMax) =>
    clientRow({ kind: 'consume', bodyBytes: 128, batchMax, messageCount: MESSAGE_COUNT }),
  ),
]

function clientRow(client: ClientWork): Row {
  const { kind, bodyBytes } = client
  const isSend = kind === 'send'
  const size = bodyBytes % KIB === 0 ? `${bodyBytes / KIB}k` : String(bodyBytes)
  const id = `client-${kind}-${size}-${isSend ? client.inFlight : client.batchMax}`
  return {
    id,
    title: isSend
      ? 'the client itself: sends'
      : 'the client itself: push consumer, by so many a call of the listener',
    level: isSend ? 'async' : 'read',
    size: bodyBytes % KIB === 0 ? `${bodyBytes / KIB} KiB` : `${bodyBytes} B`,
    inFlight: isSend ? String(client.inFlight) : '8',
    batch: isSend ? 1 : client.batchMax,
    work: { kind: 'client', client },
    contenders: ['Agena', 'RocketMQ'],
    isQuick: false,
  }
}
