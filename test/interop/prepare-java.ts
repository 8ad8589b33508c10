import { missingJavaTools, resolveJavaToolchain } from '../../scripts/java/java-toolchain.ts'

/** Before any file of the lane: Maven and javac run once, and not in two processes at a time. */
export async function setup(): Promise<void> {
  if ((await missingJavaTools()).length === 0) await resolveJavaToolchain()
}
