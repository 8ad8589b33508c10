import { Command } from 'commander'
import { exportCommand } from './export.ts'
import { importCommand } from './import.ts'
import { inspectCommand } from './inspect.ts'
import { repairCommand } from './repair.ts'
import { verifyCommand } from './verify.ts'

/** `agena store`. */
export function storeCommand(): Command {
  return new Command('store')
    .description('Look into a store directory, of Agena or of RocketMQ, and repair it.')
    .addCommand(inspectCommand())
    .addCommand(verifyCommand())
    .addCommand(repairCommand())
    .addCommand(exportCommand())
    .addCommand(importCommand())
}
