/** Holds what Java would find after a loss of power against what was acknowledged. */
import type { FileSystem } from '../../../engine/file/file-system.ts'
import { type JavaSizes, readAsJava } from '../../helpers/java-reader.ts'
import type { LogModel } from './log-model.ts'
import { checkStart, promise } from './store-checker.ts'

/**
 * Java loads the directory, finds every acknowledged message, in order, and no record of another
 * place. What was not acknowledged may be there, even torn behind its body: Java does not see that.
 */
export function checkAsJava(
  files: FileSystem,
  root: string,
  sizes: JavaSizes,
  model: LogModel,
): void {
  const { durableEnd } = model
  const found = readAsJava(files, root, sizes)
  checkStart(found.startOffset, model)
  for (const [index, message] of model.messagesFrom(found.startOffset).entries()) {
    if (message.end > durableEnd) break
    const java = found.messages[index]
    const isSame =
      java !== undefined &&
      java.physicalOffset === message.physicalOffset &&
      java.queueId === message.queueId &&
      java.queueOffset === message.queueOffset &&
      java.topic === message.topic &&
      java.body === message.body &&
      java.properties.includes(message.keys.join(' ')) &&
      java.properties.includes(message.tags)
    promise(isSame, () => `Java finds ${JSON.stringify(java)} at ${message.physicalOffset}`)
  }
  for (const { foundAt, physicalOffset } of found.messages) {
    promise(
      foundAt === physicalOffset,
      () => `Java takes a record of ${physicalOffset} at ${foundAt}`,
    )
  }
}
