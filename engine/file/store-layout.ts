/**
 * Where the parts of a store lie (StorePathConfigHelper).
 *
 *   root/commitlog/00000000000000000000        segments, named by their first physical offset
 *   root/consumequeue/TOPIC/QUEUE/0000…0000     queue files, named by their first byte
 *   root/index/20260101120000123                index files, named by their time of creation
 *   root/config/*.json                          tables of the broker
 *   root/checkpoint  root/abort  root/lock
 *   root/agena/                                 whatever Java does not know
 */
import { join } from 'node:path'
import { segmentName } from '../format/segment-name.ts'

export interface StoreLayout {
  readonly root: string
  readonly commitLog: string
  readonly consumeQueue: string
  readonly index: string
  readonly config: string
  /** Files in the making and everything that Java must not see in its own folders. */
  readonly work: string
  readonly checkpoint: string
  readonly abort: string
  readonly lock: string
}

export function storeLayout(root: string): StoreLayout {
  return Object.freeze({
    root,
    commitLog: join(root, 'commitlog'),
    consumeQueue: join(root, 'consumequeue'),
    index: join(root, 'index'),
    config: join(root, 'config'),
    work: join(root, 'agena'),
    checkpoint: join(root, 'checkpoint'),
    abort: join(root, 'abort'),
    lock: join(root, 'lock'),
  })
}

/** Path of the segment that starts at `startOffset`. */
export function segmentPath(directory: string, startOffset: number): string {
  return join(directory, segmentName(startOffset))
}
