import { appends } from './append.bench.ts'
import { filters } from './filter.bench.ts'
import { frameSplitting } from './frame-splitter.bench.ts'
import { headerCodecs } from './header-codec.bench.ts'
import { records } from './record.bench.ts'
import { reputs } from './reput.bench.ts'
import { responses } from './response.bench.ts'
import type { BenchSuite } from './suite.ts'

/** In the order of a message's way. */
export const suites: readonly BenchSuite[] = [
  frameSplitting,
  headerCodecs,
  records,
  appends,
  filters,
  responses,
  reputs,
]
