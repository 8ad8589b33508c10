/** The name server's own settings, as properties text. */
import { describeError } from '../../engine/base/errors.ts'
import { parseJavaProperties, propertiesToMap } from '../protocol/java-properties.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import { createResponse } from '../remoting/remoting-command.ts'
import { NameServerError } from './errors.ts'
import type { NameServerHandler } from './name-server-context.ts'

/** UPDATE_NAMESRV_CONFIG (318). */
export const updateSettings: NameServerHandler = async ({ settings }, request, connection) => {
  const properties = parseSettings(request.body)
  await settings.update(properties)
  const changes = [...properties].map(([key, value]) => `${key}=${value}`).join(' ')
  settings.current.logger.info(`${connection.remoteAddress} changed settings: ${changes}`)
  return createResponse(request, ResponseCode.SUCCESS)
}

/** GET_NAMESRV_CONFIG (319). */
export const getSettings: NameServerHandler = ({ settings }, request) =>
  createResponse(request, ResponseCode.SUCCESS, { body: Buffer.from(settings.format(), 'latin1') })

function parseSettings(body: Buffer): Map<string, string> {
  try {
    return propertiesToMap(parseJavaProperties(body.toString('latin1')))
  } catch (error) {
    throw new NameServerError('NAMESRV_OPTION_INVALID', describeError(error), { cause: error })
  }
}
