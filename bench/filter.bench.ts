/** What it costs to hold a record against a consumer's filter. */
import { tagsCodeOf } from '../engine/format/consume-queue-format.ts'
import type { MessageFilter } from '../engine/store/message-filter.ts'
import { propertyFilter, tagFilter } from '../net/broker/filter/filter-expression.ts'
import { EXPRESSION_TYPE_SQL92 } from '../net/protocol/heartbeat.ts'
import { sampleRecords } from './sample-frames.ts'
import type { BenchSuite } from './suite.ts'

const RECORD_COUNT = 200
const BODY_BYTES = 128
/** Hashes of tags, of which most are none of those that are wanted. */
const TAGS_CODES = Array.from({ length: RECORD_COUNT }, (_, index) => tagsCodeOf(`Tag${index}`))

const UNIQUE = "UNIQ_KEY STARTSWITH 'C0A8'"

const CONDITIONS: readonly (readonly [name: string, sql: string])[] = [
  ['SQL92, a text', "TAGS = 'TagA'"],
  ['SQL92, no such property', "region = 'north'"],
  ['SQL92, four properties', `WAIT = 'true' AND TAGS IN ('TagA') AND a IS NULL AND ${UNIQUE}`],
  ['SQL92, a text as a number', 'UNIQ_KEY > 0'],
]

export const filters: BenchSuite = {
  name: 'filter',
  open: () => ({
    tasks: [
      { name: 'tags', unitCount: RECORD_COUNT, run: byTags(tagFilter('Tag7 || Tag8')) },
      ...CONDITIONS.map(([name, sql]) => ({
        name,
        unitCount: RECORD_COUNT,
        run: byRecord(propertyFilter(EXPRESSION_TYPE_SQL92, sql)),
      })),
    ],
  }),
}

function byTags(filter: MessageFilter | undefined): () => void {
  return () => {
    for (const tagsCode of TAGS_CODES) filter?.matchesTagsCode(tagsCode)
  }
}

function byRecord(filter: MessageFilter): () => void {
  const record = sampleRecords(1, BODY_BYTES)
  return () => {
    for (let index = 0; index < RECORD_COUNT; index++) {
      filter.matchesRecord?.(record, 0, record.length)
    }
  }
}
