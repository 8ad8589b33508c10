/** PUSH_REPLY_MESSAGE_TO_CLIENT: a reply on its way to whoever asked
 *  (ReplyMessageProcessor.pushReplyMessage). */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { formatHost } from '../../../engine/format/host.ts'
import { PropertyName } from '../../../engine/format/message-const.ts'
import {
  propertiesFromString,
  propertiesToString,
} from '../../../engine/format/properties-codec.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { ReplyMessageRequestHeader } from '../../protocol/reply-message.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import type { SendMessageRequestHeader } from '../../protocol/send-message.ts'
import type { Connection } from '../../remoting/connection.ts'
import { createRequest } from '../../remoting/remoting-command.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'

/** How long the client may take to take its reply, in milliseconds. */
const PUSH_TIMEOUT_MS = 10_000

export interface ReplyPushParts {
  readonly clients: ClientRegistry
  /** The address that records name as their broker's. */
  readonly storeHost: Buffer
  readonly logger: Logger
}

/** Resolves when the client has the reply, or with why it has not. */
export async function pushReply(
  { clients, storeHost, logger }: ReplyPushParts,
  header: SendMessageRequestHeader,
  body: Buffer,
  sender: Connection,
): Promise<string | undefined> {
  const properties = propertiesFromString(header.properties ?? '')
  const clientId = properties.get(PropertyName.MESSAGE_REPLY_TO_CLIENT)
  if (clientId === undefined) {
    return `reply message properties[${PropertyName.MESSAGE_REPLY_TO_CLIENT}] is null`
  }
  const connection = clients.producerOf(clientId)?.connection
  if (connection === undefined) {
    return `push reply message fail, channel of <${clientId}> not found.`
  }
  const nowMs = Date.now()
  properties.set(PropertyName.PUSH_REPLY_TIME, String(nowMs))
  const extFields = encodeHeaderFields(ReplyMessageRequestHeader, {
    ...header,
    properties: propertiesToString(properties),
    bornHost: sender.remoteAddress,
    storeHost: formatHost(storeHost),
    storeTimestamp: nowMs,
  })
  const push = createRequest(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, { extFields, body })
  try {
    const answer = await connection.invoke(push, PUSH_TIMEOUT_MS)
    if (answer.code === ResponseCode.SUCCESS) return undefined
    logger.warn(`${clientId} refused a reply: ${answer.remark ?? ''} (${answer.code})`)
  } catch (error) {
    logger.warn(`${clientId} did not take a reply: ${describeError(error)}`)
  }
  return `push reply message to ${clientId}fail.`
}
