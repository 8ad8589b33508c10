/**
 * Names of topics and groups that belong to an instance: `namespace%name`. Names that RocketMQ has
 * for itself belong to all. RocketMQ: `NamespaceUtil`, `NameServerAddressUtils`,
 * `ClientConfig.getNamespace`, `NamespaceRpcHook`.
 */

import type { RemotingCommand } from '../remoting/remoting-command.ts'
import type { ReceivedMessage } from './message.ts'
import type { MessageQueue } from './message-queue.ts'

const SEPARATOR = '%'
/** What stands in front of the namespace (Java: MixAll). */
const OUTER_PREFIXES = ['%RETRY%', '%DLQ%'] as const
const SYSTEM_TOPIC_PREFIX = 'rmq_sys_'
const SYSTEM_GROUP_PREFIX = 'CID_RMQ_SYS_'
/** Java: TopicValidator.SYSTEM_TOPIC_SET. */
const SYSTEM_TOPICS: ReadonlySet<string> = new Set([
  'TBW102',
  'SCHEDULE_TOPIC_XXXX',
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'CHECKPOINT_TOPIC',
])
/** Java: NameServerAddressUtils.INST_ENDPOINT_PATTERN, NAMESRV_ENDPOINT_PATTERN. */
const INSTANCE_ENDPOINT = /^(?:\w+:\/\/|)(MQ_INST_\w+_\w+)\../
const HTTP_ENDPOINT = /^http:\/\//
/** Java: MixAll.RPC_REQUEST_HEADER_NAMESPACED_FIELD, RPC_REQUEST_HEADER_NAMESPACE_FIELD. */
const IS_NAMESPACED_FIELD = 'nsd'
const NAMESPACE_FIELD = 'ns'

/** `name` in the namespace; as it is where the namespace is empty or the name is RocketMQ's own. */
export function wrapNamespace(namespace: string, name: string): string {
  // What is no name is refused later, where names are checked.
  if (namespace === '' || typeof name !== 'string' || name === '') return name
  const [prefix, inner] = splitPrefix(name)
  if (inner.startsWith(namespace + SEPARATOR) || isSystemName(name)) return name
  return prefix + namespace + SEPARATOR + inner
}

/** `name` without the namespace where it is in that one. */
export function unwrapNamespace(namespace: string, name: string): string {
  if (namespace === '') return name
  const [prefix, inner] = splitPrefix(name)
  if (!inner.startsWith(namespace + SEPARATOR) || isSystemName(name)) return name
  return prefix + inner.slice(namespace.length + SEPARATOR.length)
}

/** `name` without whichever namespace it is in. */
export function withoutNamespace(name: string): string {
  const [prefix, inner] = splitPrefix(name)
  const at = inner.indexOf(SEPARATOR)
  return at <= 0 || isSystemName(name) ? name : prefix + inner.slice(at + SEPARATOR.length)
}

export function wrapQueue(namespace: string, queue: MessageQueue): MessageQueue {
  return namespace === '' ? queue : { ...queue, topic: wrapNamespace(namespace, queue.topic) }
}

export function unwrapQueue(namespace: string, queue: MessageQueue): MessageQueue {
  return namespace === '' ? queue : { ...queue, topic: unwrapNamespace(namespace, queue.topic) }
}

/** A message as the application knows its topics. */
export function unwrapMessage(namespace: string, message: ReceivedMessage): ReceivedMessage {
  if (namespace === '') return message
  const topic = unwrapNamespace(namespace, message.topic)
  return { ...message, topic, queue: unwrapQueue(namespace, message.queue) }
}

/** The namespace that an address of a name server names, as `http://MQ_INST_1_a.host:port` does. */
export function namespaceInEndpoint(endpoint: string): string | undefined {
  return INSTANCE_ENDPOINT.exec(endpoint)?.[1]
}

/** The `host:port` of a name server that may be written as `http://host:port`. */
export function addressInEndpoint(endpoint: string): string {
  return HTTP_ENDPOINT.test(endpoint) ? endpoint.slice(endpoint.lastIndexOf('/') + 1) : endpoint
}

/** Says in the header of a request which namespace of the newer kind it is made in. */
export function markNamespace(request: RemotingCommand, namespaceV2: string): void {
  if (namespaceV2 === '') return
  request.extFields.set(IS_NAMESPACED_FIELD, 'true')
  request.extFields.set(NAMESPACE_FIELD, namespaceV2)
}

function splitPrefix(name: string): readonly [prefix: string, inner: string] {
  const prefix = OUTER_PREFIXES.find((candidate) => name.startsWith(candidate)) ?? ''
  return [prefix, name.slice(prefix.length)]
}

function isSystemName(name: string): boolean {
  if (name.startsWith(SYSTEM_TOPIC_PREFIX) || name.startsWith(SYSTEM_GROUP_PREFIX)) return true
  return SYSTEM_TOPICS.has(name)
}
