import { ResponseCode } from '../protocol/response-code.ts'
import { createResponse, type RemotingCommand } from '../remoting/remoting-command.ts'
import { BrokerError } from './broker-error.ts'

/** A table that a request has changed. */
export interface SavedTable {
  /** @returns false when the changes could not be brought to the disk. */
  save(): Promise<boolean>
}

/**
 * Answers when the changes are on the disk.
 * @throws {BrokerError} SYSTEM_ERROR when they are in force, but a restart would forget them.
 */
export async function savedResponse(
  request: RemotingCommand,
  ...tables: readonly SavedTable[]
): Promise<RemotingCommand> {
  const saved = await Promise.all(tables.map((table) => table.save()))
  if (saved.every(Boolean)) return createResponse(request, ResponseCode.SUCCESS)
  const remark = 'done, but it could not be saved: the log of the broker says why'
  throw new BrokerError(ResponseCode.SYSTEM_ERROR, remark)
}
