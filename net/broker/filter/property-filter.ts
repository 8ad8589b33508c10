import { PropertyFinder } from '../../../engine/format/properties-codec.ts'
import {
  createRecordView,
  RecordVerdict,
  readRecord,
} from '../../../engine/format/record-decoder.ts'
import type { MessageFilter } from '../../../engine/store/message-filter.ts'
import type { PropertyLookup } from '../../filter/expression.ts'
import type { SqlFilter } from '../../filter/sql-filter.ts'

const STRUCTURE_ONLY = { checkCrc: false }

/**
 * Matches messages by their properties, straight from the record's bytes: only those that the
 * expression asks for are decoded (Java: ExpressionMessageFilter).
 */
export class PropertyFilter implements MessageFilter {
  readonly #filter: SqlFilter
  readonly #finder: PropertyFinder | undefined
  readonly #view = createRecordView()
  readonly #propertyOf: PropertyLookup
  #bytes: Buffer = Buffer.alloc(0)

  constructor(filter: SqlFilter) {
    const { propertyNames } = filter
    this.#filter = filter
    this.#finder = propertyNames.length === 0 ? undefined : new PropertyFinder(propertyNames)
    this.#propertyOf = (index) => this.#valueOf(index)
  }

  /** Queues know nothing of properties. */
  matchesTagsCode(): boolean {
    return true
  }

  matchesRecord(bytes: Buffer, start: number, end: number): boolean {
    const view = this.#view
    // What is no record is not hidden from whoever asked for it.
    if (readRecord(bytes, start, end, view, STRUCTURE_ONLY) !== RecordVerdict.WHOLE) return true
    this.#bytes = bytes
    this.#finder?.scan(bytes, view.propertiesStart, view.propertiesEnd)
    return this.#filter.matches(this.#propertyOf)
  }

  #valueOf(index: number): string | null {
    const finder = this.#finder
    if (finder?.has(index) !== true) return null
    return this.#bytes.toString('utf8', finder.startOf(index), finder.endOf(index))
  }
}
