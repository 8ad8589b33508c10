/** How a command's header is encoded (Java: SerializeType). */
export type SerializeType = 'JSON' | 'ROCKETMQ'

/**
 * One request or response (Java: RemotingCommand). A request that is sent with `invoke` gets its
 * `opaque` from the connection.
 */
export interface RemotingCommand {
  /** Request code or response code. */
  code: number
  /** Language of the sender (Java: LanguageCode). */
  language: string
  /** Version of the sender as the ordinal of Java's MQVersion. */
  version: number
  /** Ties a response to its request, chosen by the requester. */
  opaque: number
  /** Bit 0: response. Bit 1: one-way. */
  flag: number
  /** What went wrong, for a person. */
  remark: string | undefined
  /** The fields of the command's own header, always as strings. */
  extFields: Map<string, string>
  /** More such fields, as members of a JSON object, for a sender that writes them quicker than a
   *  map is filled. Only what is sent in JSON can have them. @default none */
  readonly extFieldsJson?: string | undefined
  /** Owned by the command; empty when there is none. */
  body: Buffer
  serializeType: SerializeType
}

/** Ordinal of MQVersion.Version.V5_5_0: the version whose behaviour this side has. */
export const REMOTING_VERSION = 513
/** The language of this side: one that clients of every age know. */
export const REMOTING_LANGUAGE = 'OTHER'

/** Bits of `flag` (Java: RemotingCommand.RPC_TYPE, RPC_ONEWAY). */
export const FLAG_RESPONSE = 1 << 0
export const FLAG_ONEWAY = 1 << 1

export const EMPTY_BODY: Buffer = Buffer.alloc(0)

/** What may be said about a new command beside its code. */
export interface CommandParts {
  readonly remark?: string | undefined
  readonly extFields?: Map<string, string> | undefined
  readonly extFieldsJson?: string | undefined
  readonly body?: Buffer | undefined
}

/** A request in the encoding `serializeType`. @default JSON */
export function createRequest(
  code: number,
  parts: CommandParts = {},
  serializeType: SerializeType = 'JSON',
): RemotingCommand {
  return createCommand(code, 0, 0, parts, serializeType)
}

/** The response to `request`, in the encoding in which the request came. */
export function createResponse(
  request: Pick<RemotingCommand, 'opaque' | 'serializeType'>,
  code: number,
  parts: CommandParts = {},
): RemotingCommand {
  return createCommand(code, request.opaque, FLAG_RESPONSE, parts, request.serializeType)
}

export function isResponse(command: RemotingCommand): boolean {
  return (command.flag & FLAG_RESPONSE) !== 0
}

export function isOneway(command: RemotingCommand): boolean {
  return (command.flag & FLAG_ONEWAY) !== 0
}

/** Says that no response is wanted. */
export function markOneway(command: RemotingCommand): RemotingCommand {
  command.flag |= FLAG_ONEWAY
  return command
}

function createCommand(
  code: number,
  opaque: number,
  flag: number,
  parts: CommandParts,
  serializeType: SerializeType,
): RemotingCommand {
  return {
    code,
    language: REMOTING_LANGUAGE,
    version: REMOTING_VERSION,
    opaque,
    flag,
    remark: parts.remark,
    extFields: parts.extFields ?? new Map(),
    extFieldsJson: parts.extFieldsJson,
    body: parts.body ?? EMPTY_BODY,
    serializeType,
  }
}
