import type { ConsumerConfig } from '../consumer-options.ts'
import { ConsumeHooks } from '../hook-calls.ts'
import { TraceDispatcher } from './trace-dispatcher.ts'
import { consumeTraceHook } from './trace-hooks.ts'

/** The hooks of a consumer, that of the trace behind the application's own. */
export interface TracedHooks {
  readonly hooks: ConsumeHooks
  /** What sends the traces, for the consumer to close; undefined where none are wanted. */
  readonly trace: TraceDispatcher | undefined
}

export function openConsumeHooks(config: ConsumerConfig): TracedHooks {
  const { consumeHooks, enableTrace, group, logger } = config
  if (!enableTrace) return { hooks: new ConsumeHooks(consumeHooks, logger), trace: undefined }
  const trace = new TraceDispatcher({ group, type: 'CONSUME' }, config)
  const hook = consumeTraceHook(trace.nextId, trace.append)
  return { hooks: new ConsumeHooks([...consumeHooks, hook], logger), trace }
}
