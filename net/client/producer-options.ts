import { KIB, MIB } from '../../engine/base/units.ts'
import { ResponseCode } from '../protocol/response-code.ts'
import {
  CLIENT_DEFAULTS,
  type ClientOptions,
  inNamespace,
  parseClientOptions,
} from './client-options.ts'
import { COMPRESS_ALGORITHMS, type CompressType } from './compress.ts'
import type { CheckForbiddenHook, SendHook } from './hooks.ts'
import { type Filled, invalidOption, requireInteger, requirePositive } from './option-merge.ts'
import { checkGroup, checkTopic } from './resource-name.ts'

/** Options of a {@link Producer}. */
export interface ProducerOptions extends ClientOptions {
  /** Names the producers that send the same kind of messages; at most 120 characters. */
  readonly group: string
  /** Time for one send, retries included, in milliseconds.
   *  @default 3000 (RocketMQ `sendMsgTimeout`) */
  readonly sendTimeoutMs?: number | undefined
  /** How often a send is tried again on another broker when one fails. A message whose answer was
   *  lost may then be stored twice.
   *  @default 2 (RocketMQ `retryTimesWhenSendFailed`, and `retryTimesWhenSendAsyncFailed`, since
   *  every send is a promise) */
  readonly retryCountMax?: number | undefined
  /** Also try again when a message is stored but its status is not `SEND_OK`. That stores it twice.
   *  @default false (RocketMQ `retryAnotherBrokerWhenNotStoreOK`) */
  readonly retryWhenNotSafe?: boolean | undefined
  /** Longest time that one attempt of a send may take while others are left, in milliseconds; the
   *  last one has all the time that remains. With 0, a broker that hangs may use up the whole
   *  `sendTimeoutMs`.
   *  @default 0 (RocketMQ `sendMsgMaxTimeoutPerRequest`, there -1) */
  readonly attemptTimeoutMs?: number | undefined
  /** The answers after which a send is tried again on another broker (Java: ResponseCode).
   *  @default SYSTEM_ERROR 1, SYSTEM_BUSY 2, SERVICE_NOT_AVAILABLE 14, NO_PERMISSION 16,
   *  TOPIC_NOT_EXIST 17, NO_BUYER_ID 204, NOT_IN_CURRENT_UNIT 205, GO_AWAY 1500
   *  (RocketMQ `retryResponseCodes`) */
  readonly retryResponseCodes?: readonly number[] | undefined
  /** Leave brokers alone for a while that were slow or failed, as long as there are others.
   *  @default false (RocketMQ `sendLatencyFaultEnable`) */
  readonly sendLatencyFaultEnable?: boolean | undefined
  /** How slow a send is, in steps, ascending, in milliseconds; a failed one counts as 10000. Only
   *  with `sendLatencyFaultEnable`.
   *  @default 50, 100, 550, 1800, 3000, 5000, 15000 (RocketMQ `latencyMax`) */
  readonly latencyStepsMs?: readonly number[] | undefined
  /** For how long a broker is left alone after a send of each step, in milliseconds.
   *  @default 0, 0, 2000, 5000, 6000, 10000, 30000 (RocketMQ `notAvailableDuration`) */
  readonly notAvailableMs?: readonly number[] | undefined
  /** Ask brokers that could not be reached whether they are back, and rather send to slow ones
   *  until they are. Only with `sendLatencyFaultEnable`.
   *  @default false (RocketMQ `startDetectorEnable`) */
  readonly startDetectorEnable?: boolean | undefined
  /** How often one broker is asked at most, in milliseconds.
   *  @default 2000 (RocketMQ `detectInterval`) */
  readonly detectIntervalMs?: number | undefined
  /** How long it may take to answer, in milliseconds. @default 200 (RocketMQ `detectTimeout`) */
  readonly detectTimeoutMs?: number | undefined
  /** Bodies of at least this many bytes are compressed.
   *  @default 4096 (RocketMQ `compressMsgBodyOverHowmuch`) */
  readonly compressFromBytes?: number | undefined
  /** How bodies are compressed: `zlib`, `lz4` or `zstd`. Consumers of RocketMQ 4.x read `zlib`
   *  only. Before Node 22.15 zstd is compressed on the event loop: large bodies hold it up.
   *  @default zlib (RocketMQ `compressType`) */
  readonly compressType?: CompressType | undefined
  /** Level of the compression: 1 to 9 for zlib, 1 to 22 for zstd; LZ4 has none.
   *  @default 5 (RocketMQ `compressLevel`) */
  readonly compressLevel?: number | undefined
  /** Largest body that is sent, in bytes before compression, and largest request of a batch, in
   *  bytes with properties and frames. What brokers take is a setting of theirs.
   *  @default 4194304 (RocketMQ `maxMessageSize`) */
  readonly messageBytesMax?: number | undefined
  /** Have messages that are sent singly wait for others, and send them in batches: more messages a
   *  second for later answers. Taken are sends without a selector, a sharding key, a delay and a
   *  `timeoutMs` of their own, with bodies that are not compressed.
   *  @default false (RocketMQ `autoBatch`) */
  readonly autoBatch?: boolean | undefined
  /** Longest time that a message waits for others, in milliseconds, at most 30000.
   *  @default 10 (RocketMQ `batchMaxDelayMs`) */
  readonly autoBatchDelayMs?: number | undefined
  /** Messages do not wait any longer when together they have more bytes than this, at most 2097152.
   *  @default 32768 (RocketMQ `batchMaxBytes`) */
  readonly autoBatchBytes?: number | undefined
  /** With so many bytes waiting or on their way, messages are sent singly.
   *  @default 33554432 (RocketMQ `totalBatchMaxBytes`) */
  readonly autoBatchTotalBytes?: number | undefined
  /** Sends that are under way at once, one-way ones aside; further ones wait within their time.
   *  @default 0 (any number; RocketMQ `backPressureForAsyncSendNum`, there off, or 1024) */
  readonly sendsInFlightMax?: number | undefined
  /** Bytes of bodies that are under way at once; further sends wait within their time.
   *  @default 0 (any; RocketMQ `backPressureForAsyncSendSize`, there off, or 104857600) */
  readonly sendBytesInFlightMax?: number | undefined
  /** Called around each attempt to send, in this order. @default none */
  readonly sendHooks?: readonly SendHook[] | undefined
  /** Asked before each attempt to send; what one of them throws forbids it. @default none */
  readonly forbiddenHooks?: readonly CheckForbiddenHook[] | undefined
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
  attemptTimeoutMs: 0,
  retryResponseCodes: Object.freeze([
    ResponseCode.SYSTEM_ERROR,
    ResponseCode.SYSTEM_BUSY,
    ResponseCode.SERVICE_NOT_AVAILABLE,
    ResponseCode.NO_PERMISSION,
    ResponseCode.TOPIC_NOT_EXIST,
    ResponseCode.NO_BUYER_ID,
    ResponseCode.NOT_IN_CURRENT_UNIT,
    ResponseCode.GO_AWAY,
  ]),
  sendLatencyFaultEnable: false,
  latencyStepsMs: Object.freeze([50, 100, 550, 1_800, 3_000, 5_000, 15_000]),
  notAvailableMs: Object.freeze([0, 0, 2_000, 5_000, 6_000, 10_000, 30_000]),
  startDetectorEnable: false,
  detectIntervalMs: 2_000,
  detectTimeoutMs: 200,
  compressFromBytes: 4 * KIB,
  compressType: 'zlib',
  compressLevel: 5,
  messageBytesMax: 4 * MIB,
  autoBatch: false,
  autoBatchDelayMs: 10,
  autoBatchBytes: 32 * KIB,
  autoBatchTotalBytes: 32 * MIB,
  sendsInFlightMax: 0,
  sendBytesInFlightMax: 0,
  sendHooks: [],
  forbiddenHooks: [],
  templateTopic: 'TBW102',
  topicQueueCount: 4,
}) satisfies Partial<ProducerConfig>

const AUTO_BATCH_DELAY_MS_MAX = 30_000

/** @throws {ClientError} `CLIENT_OPTION_INVALID` */
export function parseProducerOptions(options: ProducerOptions): ProducerConfig {
  const config = inNamespace(parseClientOptions(options, PRODUCER_DEFAULTS))
  checkGroup(config.group)
  checkTopic(config.templateTopic, 'CLIENT_OPTION_INVALID')
  requirePositive(config, [
    'sendTimeoutMs',
    'compressFromBytes',
    'messageBytesMax',
    'topicQueueCount',
    'detectIntervalMs',
    'detectTimeoutMs',
    'autoBatchTotalBytes',
  ])
  requireInteger(config, 'retryCountMax', 0)
  requireInteger(config, 'attemptTimeoutMs', 0)
  requireInteger(config, 'sendsInFlightMax', 0)
  requireInteger(config, 'sendBytesInFlightMax', 0)
  requireInteger(config, 'autoBatchDelayMs', 1, AUTO_BATCH_DELAY_MS_MAX)
  requireInteger(config, 'autoBatchBytes', 1, 2 * MIB)
  checkLatencyTables(config)
  checkCompression(config)
  return config
}

function checkLatencyTables({ latencyStepsMs, notAvailableMs }: ProducerConfig): void {
  const isTable = (table: unknown): boolean =>
    Array.isArray(table) && table.every((ms) => Number.isSafeInteger(ms) && ms >= 0)
  if (!isTable(latencyStepsMs)) throw invalidOption('latencyStepsMs', latencyStepsMs)
  const isAscending = latencyStepsMs.every((ms, at) => at === 0 || ms > latencyStepsMs[at - 1]!)
  if (!isAscending) throw invalidOption('latencyStepsMs', latencyStepsMs)
  if (isTable(notAvailableMs) && notAvailableMs.length === latencyStepsMs.length) return
  throw invalidOption('notAvailableMs', notAvailableMs)
}

function checkCompression(config: ProducerConfig): void {
  const { compressType } = config
  if (!Object.hasOwn(COMPRESS_ALGORITHMS, compressType)) {
    throw invalidOption('compressType', compressType)
  }
  requireInteger(config, 'compressLevel', 1, COMPRESS_ALGORITHMS[compressType].levelMax)
}
