/** Mistakes that a store could make with its disk, made for it between the two. */
import { type FileSystem, readWholeFile } from '../../../engine/file/file-system.ts'
import type { Call, Instead } from '../../helpers/power-cut.ts'
import type { SeededRandom } from '../../helpers/seeded-random.ts'

export type PlantedBug = (random: SeededRandom) => Instead

const nothing = (): undefined => undefined

/** A call that does nothing, on paths that match. */
function dropped(call: Call, matches: RegExp): PlantedBug {
  return () =>
    (made, values, { pathOf }) => {
      if (made !== call) return undefined
      const [target] = values
      const path = typeof target === 'number' ? pathOf(target) : String(target)
      return matches.test(path) ? nothing : undefined
    }
}

/** The rename that would replace a file as a whole becomes two writes into it. */
const writtenInPlace: PlantedBug =
  () =>
  (call, values, { disk }) => {
    const [from, to] = values.map(String)
    if (call !== 'rename' || from === undefined || to?.endsWith('/checkpoint') !== true)
      return undefined
    return () => {
      const content = readWholeFile(disk, from) ?? Buffer.alloc(0)
      const fd = disk.open(to, 'create')
      disk.setLength(fd, 0)
      disk.write(fd, content, 0, content.length, 0)
      disk.close(fd)
      disk.unlink(from)
    }
  }

/** An fdatasync that is done when the next one is asked for: it was answered too soon. */
const syncedTooLate: PlantedBug = () => {
  let late: (() => void) | undefined
  return (call, values, { disk, pathOf }) => {
    const [fd] = values
    if (call !== 'sync' || typeof fd !== 'number' || !/commitlog\/\d+$/.test(pathOf(fd)))
      return undefined
    const path = pathOf(fd)
    return () => {
      late?.()
      late = () => {
        if (!disk.exists(path)) return
        const again = disk.open(path, 'write')
        disk.sync(again)
        disk.close(again)
      }
    }
  }
}

/** A new segment starts with the bytes of the first one: an expired file that was used again. */
const segmentRecycled: PlantedBug =
  () =>
  (call, values, { disk }) => {
    const [from, to] = values.map(String)
    if (call !== 'rename' || from === undefined || !/\/commitlog\/\d+$/.test(to ?? ''))
      return undefined
    const folder = to?.slice(0, to.lastIndexOf('/')) ?? ''
    const oldest = disk.list(folder)[0]
    if (oldest === undefined || to === undefined) return undefined
    return () => {
      fillDurably(disk, from, readWholeFile(disk, `${folder}/${oldest}`) ?? Buffer.alloc(0))
      disk.rename(from, to)
    }
  }

/** The segment behind the oldest goes first: for a moment there is a gap. */
const deletedOutOfOrder: PlantedBug =
  () =>
  (call, values, { disk }) => {
    const oldest = String(values[0])
    if (call !== 'unlink' || !/\/commitlog\/\d+$/.test(oldest)) return undefined
    const folder = oldest.slice(0, oldest.lastIndexOf('/'))
    const next = disk.list(folder)[1]
    return next === undefined ? undefined : () => disk.unlink(`${folder}/${next}`)
  }

function fillDurably(disk: FileSystem, path: string, content: Buffer): void {
  const fd = disk.open(path, 'write')
  disk.write(fd, content, 0, content.length, 0)
  disk.sync(fd)
  disk.close(fd)
}

export const plantedBugs: Readonly<Record<string, PlantedBug>> = {
  'acknowledges before the fdatasync': syncedTooLate,
  'forgets the fdatasync of the log': dropped('sync', /commitlog\/\d+$/),
  'forgets the fdatasync of consume queues': dropped('sync', /consumequeue/),
  'forgets the fdatasync of the index': dropped('sync', /index\/\d+$/),
  'renames a small file that is not synced': dropped('sync', /making-/),
  'writes the checkpoint in place': writtenInPlace,
  'forgets to sync the folder of segments': dropped('syncDirectory', /\/(commitlog|agena)$/),
  'forgets to sync the folders of queues': dropped('syncDirectory', /\/consumequeue/),
  'forgets to sync the root': dropped('syncDirectory', /^\/store$/),
  'forgets that a topic was deleted': dropped('rename', /making-deleted\.json$/),
  'uses a segment again with what is in it': segmentRecycled,
  'deletes another segment than the oldest': deletedOutOfOrder,
}
