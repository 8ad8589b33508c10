import { KIB, MIB } from '../../engine/base/units.ts'
import { CLIENT_DEFAULTS, type ClientOptions, parseClientOptions } from './client-options.ts'
import { type Filled, requireInteger, requirePositive } from './option-merge.ts'
import { checkGroup, checkTopic } from './resource-name.ts'

/** Options of a {@link Producer}. */
export interface ProducerOptions extends ClientOptions {
  /** Names the producers that send the same kind of messages; at most 120 characters. */
  readonly group: string
  /** Time for one send, retries included, in milliseconds.
   *  @default 3000 (RocketMQ `sendMsgTimeout`) */
  readonly sendTimeoutMs?: number | undefined
  /** How often a send is tried again on another broker when one fails.
   *  @default 2 (RocketMQ `retryTimesWhenSendFailed`) */
  readonly retryCountMax?: number | undefined
  /** Also try again when a message is stored but its status is not `SEND_OK`. That stores it twice.
   *  @default false (RocketMQ `retryAnotherBrokerWhenNotStoreOK`) */
  readonly retryWhenNotSafe?: boolean | undefined
  /** Bodies of at least this many bytes are compressed.
   *  @default 4096 (RocketMQ `compressMsgBodyOverHowmuch`) */
  readonly compressFromBytes?: number | undefined
  /** Level of zlib, 1 to 9. @default 5 (RocketMQ `msgCompressLevel`) */
  readonly compressLevel?: number | undefined
  /** Largest body, or sum of a batch, that is sent, in bytes before compression.
   *  @default 4194304 (RocketMQ `maxMessageSize`) */
  readonly messageBytesMax?: number | undefined
  /** The topic whose queues and permission new topics get.
   *  @default TBW102 (RocketMQ `createTopicKey`) */
  readonly templateTopic?: string | undefined
  /** Queues that a new topic gets on each broker, if the template topic has as many.
   *  @default 4 (RocketMQ `defaultTopicQueueNums`) */
  readonly topicQueueCount?: number | undefined
}

export type ProducerConfig = Filled<ProducerOptions>

export const PRODUCER_DEFAULTS = Object.freeze({
  ...CLIENT_DEFAULTS,
  sendTimeoutMs: 3_000,
  retryCountMax: 2,
  retryWhenNotSafe: false,
  compressFromBytes: 4 * KIB,
  compressLevel: 5,
  messageBytesMax: 4 * MIB,
  templateTopic: 'TBW102',
  topicQueueCount: 4,
}) satisfies Partial<ProducerConfig>

const COMPRESS_LEVEL_MAX = 9

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function parseProducerOptions(options: ProducerOptions): ProducerConfig {
  const config = parseClientOptions(options, PRODUCER_DEFAULTS)
  checkGroup(config.group)
  checkTopic(config.templateTopic, 'CLIENT_OPTION_INVALID')
  requirePositive(config, [
    'sendTimeoutMs',
    'compressFromBytes',
    'messageBytesMax',
    'topicQueueCount',
  ])
  requireInteger(config, 'retryCountMax', 0)
  requireInteger(config, 'compressLevel', 1, COMPRESS_LEVEL_MAX)
  return config
}
