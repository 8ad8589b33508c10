import type { RepairCut, StoreRepair } from '../../../engine/store/store-repair.ts'

/** Says what is damaged, and what was done about it or would be. */
export function formatRepair(
  { cut, damages, durableOffset, problems }: StoreRepair,
  { isDryRun }: { readonly isDryRun: boolean },
): string {
  const lines = [
    `the log was on the disk up to ${durableOffset}`,
    ...problems.map((problem) => `DAMAGE: ${problem}`),
    ...damages.flatMap(({ endOffset, found, offset, path, position }) => [
      `DAMAGE: ${path} from byte ${position} on: ${found}`,
      `  ${endOffset - offset} bytes of the log, ${offset} to ${endOffset}`,
    ]),
    ...(cut === undefined ? [] : describeCut(cut)),
  ]
  if (cut === undefined && problems.length === 0) {
    lines.push(
      damages.length === 0
        ? 'nothing to repair'
        : 'nothing to repair: a start meets the damage only where it builds queues or the index ' +
            'again (--all cuts the log there)',
    )
  } else lines.push(isDryRun ? 'dry run: nothing was changed' : 'repaired')
  return `${lines.join('\n')}\n`
}

function describeCut({ keptAs, lostRecords, offset, segmentsAside }: RepairCut): string[] {
  const lost = [...lostRecords].map(([topic, count]) => `${topic} ${count}`)
  return [
    `the log is cut at ${offset}`,
    ...(keptAs === undefined ? [] : [`  the rest of its segment is kept as ${keptAs}`]),
    ...segmentsAside.map((path) => `  ${path} is moved to the folder agena`),
    lost.length === 0
      ? '  no whole record stands behind it'
      : `  whole records behind it, which go with it: ${lost.join(', ')}`,
  ]
}
