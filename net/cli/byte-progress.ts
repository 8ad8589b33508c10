import { GIB, MIB } from '../../engine/base/units.ts'

/** Shows how far a walk over many bytes is, on standard error. */
export interface ByteProgress {
  readonly show: (doneBytes: number, totalBytes: number) => void
  readonly end: () => void
}

const LINE_EVERY_MS = 2000
const MS_PER_SECOND = 1000

/** A `bar` with the rate on a terminal, lines elsewhere; `lines` everywhere, or nothing. */
export async function createByteProgress(
  stream: NodeJS.WriteStream,
  name: string,
  form: 'bar' | 'lines' | 'nothing',
): Promise<ByteProgress> {
  if (form === 'nothing') return { show: () => undefined, end: () => undefined }
  const startMs = performance.now()
  const rate = (doneBytes: number): string => {
    const perSecond = (doneBytes * MS_PER_SECOND) / Math.max(1, performance.now() - startMs)
    return `${(perSecond / MIB).toFixed(0)} MiB/s`
  }
  const isBar = form === 'bar' && stream.isTTY
  return isBar ? createBar(stream, name, rate) : createLines(stream, name, rate)
}

async function createBar(
  stream: NodeJS.WriteStream,
  name: string,
  rate: (doneBytes: number) => string,
): Promise<ByteProgress> {
  const { SingleBar, Presets } = await import('cli-progress')
  const format = `${name} {bar} {percentage}% {text}`
  const bar = new SingleBar({ stream, format, hideCursor: true }, Presets.shades_classic)
  bar.start(1, 0, { text: '' })
  return {
    show: (doneBytes, totalBytes) => {
      bar.setTotal(Math.max(1, totalBytes))
      bar.update(doneBytes, { text: `of ${gibibytes(totalBytes)}, ${rate(doneBytes)}` })
    },
    end: () => bar.stop(),
  }
}

function createLines(
  stream: NodeJS.WriteStream,
  name: string,
  rate: (doneBytes: number) => string,
): ByteProgress {
  let lineMs = performance.now()
  return {
    show: (doneBytes, totalBytes) => {
      if (performance.now() - lineMs < LINE_EVERY_MS) return
      lineMs = performance.now()
      const done = `${gibibytes(doneBytes)} of ${gibibytes(totalBytes)}`
      stream.write(`${name} ${done}, ${rate(doneBytes)}\n`)
    },
    end: () => undefined,
  }
}

function gibibytes(bytes: number): string {
  return `${(bytes / GIB).toFixed(1)} GiB`
}
