import { readFile, writeFile } from 'node:fs/promises'

/** A file that a generator writes. */
export interface GeneratedFile {
  readonly path: string
  readonly text: string
}

/** Writes the files or, as a check, sets exit code 1 and says so where one of them differs. */
export async function writeGenerated(
  generator: string,
  files: readonly GeneratedFile[],
  isCheck: boolean,
): Promise<void> {
  for (const { path, text } of files) {
    if (!isCheck) {
      await writeFile(path, text)
      continue
    }
    if ((await readFile(path, 'utf8')) === text) continue
    const remedy = `run dist/scripts/${generator}.js`
    console.error(`${generator}: ${path} differs from what is generated: ${remedy}`)
    process.exitCode = 1
  }
}

/** A snapshot as it is kept beside the generator. */
export function formatSnapshot(snapshot: object): string {
  return `${JSON.stringify(snapshot, undefined, 2)}\n`
}
