/** Requests that the broker puts to a consumer on somebody's behalf
 *  (AdminBrokerProcessor.callConsumer, Broker2Client.callClient). */
import { describeError } from '../../../engine/base/errors.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { RemotingError } from '../../remoting/errors.ts'
import {
  createRequest,
  createResponse,
  type RemotingCommand,
} from '../../remoting/remoting-command.ts'
import { BrokerError } from '../broker-error.ts'
import type { ClientMember } from '../clients/client-member.ts'
import type { ClientRegistry } from '../clients/client-registry.ts'

/** How long a consumer may take, in milliseconds. */
const CALL_TIMEOUT_MS = 10_000
/** The first version whose clients know such requests (Java: MQVersion.V3_1_8_SNAPSHOT). */
const CALL_VERSION_MIN = 62

/**
 * Hands a request on to one consumer of a group, and its answer back.
 * @throws {BrokerError} SYSTEM_ERROR when it is not connected, too old, or lost meanwhile;
 *   CONSUME_MSG_TIMEOUT when it says nothing for ten seconds
 */
export async function callConsumer(
  clients: ClientRegistry,
  request: RemotingCommand,
  group: string,
  clientId: string,
): Promise<RemotingCommand> {
  const members = [...(clients.consumerGroup(group)?.members ?? [])]
  // A client that came back is found by its newest connection.
  const member = members.findLast((candidate) => candidate.clientId === clientId)
  if (member === undefined) throw refusal(`The Consumer <${group}> <${clientId}> not online`)
  return callMember(member, request, group)
}

/** As {@link callConsumer}, by this connection of the client's, however many it has. */
export async function callMember(
  member: ClientMember,
  request: RemotingCommand,
  group: string,
): Promise<RemotingCommand> {
  const { clientId } = member
  if (member.version < CALL_VERSION_MIN) {
    throw refusal(
      `The Consumer <${clientId}> Version <${member.version}> too low to finish, ` +
        'please upgrade it to V3_1_8_SNAPSHOT',
    )
  }
  const { code, extFields, body } = request
  try {
    const call = createRequest(code, { extFields, body })
    const answer = await member.connection.invoke(call, CALL_TIMEOUT_MS)
    return createResponse(request, answer.code, answer)
  } catch (error) {
    const isTimeout = error instanceof RemotingError && error.code === 'REMOTING_TIMEOUT'
    const what = isTimeout ? 'Timeout' : 'Exception'
    throw new BrokerError(
      isTimeout ? ResponseCode.CONSUME_MSG_TIMEOUT : ResponseCode.SYSTEM_ERROR,
      `invoke consumer <${group}> <${clientId}> ${what}: ${describeError(error)}`,
    )
  }
}

function refusal(remark: string): BrokerError {
  return new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
