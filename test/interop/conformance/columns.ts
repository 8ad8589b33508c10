import type { Side } from '../cluster.ts'

/** A pair of client and broker. */
export interface Column {
  /** As the file of gaps has it. */
  readonly name: string
  readonly client: Side
  readonly broker: Side
}

/** Apache RocketMQ with itself, which the others are held to. */
export const control: Column = { name: 'java-java', client: 'java', broker: 'java' }

export const columns: readonly Column[] = [
  { name: 'java-agena', client: 'java', broker: 'agena' },
  { name: 'agena-java', client: 'agena', broker: 'java' },
  { name: 'agena-agena', client: 'agena', broker: 'agena' },
]
