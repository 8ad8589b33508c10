/** INVOKE_BROKER_TO_GET_CONSUMER_STATUS: how far each consumer of a group says that it is
 *  (Broker2Client.getConsumeStatus). */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import {
  GetConsumerStatusBody,
  GetConsumerStatusRequestHeader,
} from '../../protocol/consumer-status.ts'
import { decodeHeader, encodeHeaderFields } from '../../protocol/header-table.ts'
import { decodeBody, encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import {
  createRequest,
  createResponse,
  type RemotingCommand,
} from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientMember } from '../clients/client-member.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'

const STATUS_TIMEOUT_MS = 5_000
/** The first version whose clients know the request (Java: MQVersion.V3_0_7_SNAPSHOT). */
const STATUS_VERSION_MIN = 28

type Status = GetConsumerStatusBody['messageQueueTable']

export async function consumerStatus(
  parts: { readonly clients: ClientRegistry; readonly logger: Logger },
  request: RemotingCommand,
): Promise<RemotingCommand> {
  const header = decodeHeader(GetConsumerStatusRequestHeader, request.extFields)
  const { topic, group, clientAddr = '' } = header
  const members = [...(parts.clients.consumerGroup(group)?.members ?? [])]
  if (members.length === 0) {
    throw refusal(`No Any Consumer online in the consumer group: [${group}]`)
  }
  const isAll = clientAddr.trim() === ''
  const asked = members.filter(({ clientId }) => isAll || clientId === clientAddr)
  const old = asked.find(({ version }) => version < STATUS_VERSION_MIN)
  if (old !== undefined) {
    throw refusal(`the client does not support this feature. version=${old.version}`)
  }
  const answers = await Promise.all(
    asked.map(async (member): Promise<[string, Status | undefined]> => {
      return [member.clientId, await statusOf(parts.logger, member, topic, group)]
    }),
  )
  const known = answers.filter((answer): answer is [string, Status] => answer[1] !== undefined)
  const body = encodeBody(GetConsumerStatusBody, {
    consumerTable: new Map(known),
    messageQueueTable: [],
  })
  return createResponse(request, ResponseCode.SUCCESS, { body })
}

/** Undefined for a client that does not answer, or not with its offsets: the others still count. */
async function statusOf(
  logger: Logger,
  { connection, clientId }: ClientMember,
  topic: string,
  group: string,
): Promise<Status | undefined> {
  const extFields = encodeHeaderFields(GetConsumerStatusRequestHeader, { topic, group })
  const question = createRequest(RequestCode.GET_CONSUMER_STATUS_FROM_CLIENT, { extFields })
  try {
    const answer = await connection.invoke(question, STATUS_TIMEOUT_MS)
    if (answer.code !== ResponseCode.SUCCESS || answer.body.length === 0) return undefined
    return decodeBody(GetConsumerStatusBody, answer.body).messageQueueTable
  } catch (error) {
    logger.warn(`${clientId} of ${group} did not tell its status: ${describeError(error)}`)
    return undefined
  }
}

function refusal(remark: string): BrokerError {
  return new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
