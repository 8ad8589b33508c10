/** The broker's own settings, as properties text (AdminBrokerProcessor). */
import { describeError } from '../../../engine/base/errors.ts'
import type { Logger } from '../../../engine/base/logger.ts'
import { DataVersion } from '../../protocol/data-version.ts'
import { encodeHeaderFields } from '../../protocol/header-table.ts'
import { parseJavaProperties, propertiesToMap } from '../../protocol/java-properties.ts'
import { encodeBody } from '../../protocol/json-shape.ts'
import { RequestCode } from '../../protocol/request-code.ts'
import { ResponseCode } from '../../protocol/response-code.ts'
import { GetBrokerConfigResponseHeader } from '../../protocol/runtime-info.ts'
import type { Connection } from '../../remoting/connection.ts'
import type { RemotingCommand } from '../../remoting/remoting-command.ts'
import { createResponse } from '../../remoting/remoting-command.ts'
import type { RequestHandler } from '../../remoting/request-routes.ts'
import { BrokerOptionError } from './broker-option-error.ts'
import type { BrokerSettings } from './broker-settings.ts'

export interface ConfigRouteParts {
  readonly settings: BrokerSettings
  readonly logger: Logger
}

export function configRoutes(
  parts: ConfigRouteParts,
): readonly (readonly [code: number, handler: RequestHandler])[] {
  return [
    [
      RequestCode.UPDATE_BROKER_CONFIG,
      (request, connection) => updateConfig(parts, request, connection),
    ],
    [RequestCode.GET_BROKER_CONFIG, (request) => getConfig(parts, request)],
  ]
}

async function updateConfig(
  { settings, logger }: ConfigRouteParts,
  request: RemotingCommand,
  connection: Connection,
): Promise<RemotingCommand> {
  const properties = parseSettings(request.body)
  await settings.update(properties)
  const changes = [...properties].map(([key, value]) => `${key}=${value}`).join(' ')
  logger.info(`${connection.remoteAddress} changed settings: ${changes}`)
  return createResponse(request, ResponseCode.SUCCESS)
}

function getConfig({ settings }: ConfigRouteParts, request: RemotingCommand): RemotingCommand {
  const version = encodeBody(DataVersion, settings.version).toString()
  return createResponse(request, ResponseCode.SUCCESS, {
    extFields: encodeHeaderFields(GetBrokerConfigResponseHeader, { version }),
    body: Buffer.from(settings.format()),
  })
}

function parseSettings(body: Buffer): Map<string, string> {
  try {
    return propertiesToMap(parseJavaProperties(body.toString()))
  } catch (error) {
    throw new BrokerOptionError('BROKER_OPTION_INVALID', describeError(error), { cause: error })
  }
}
