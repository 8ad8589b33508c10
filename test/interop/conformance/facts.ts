import type { Scenario } from './scenarios/index.ts'
import { type Pair, Stage } from './stage.ts'

/** What a run has shown, or how it failed. */
export type Outcome = { readonly facts: unknown } | { readonly failed: string }

/** Runs a scenario on one pair of client and broker. */
export async function runScenario(
  scenario: Scenario,
  pair: Pair,
  names: { readonly scenario: string; readonly column: string },
): Promise<Outcome> {
  const name = `${names.scenario}-${names.column}`
  const stage = new Stage(pair, name)
  try {
    return { facts: neutral(await scenario(stage), name) }
  } catch (error) {
    return { failed: error instanceof Error ? String(error.stack) : String(error) }
  } finally {
    await stage.clean()
  }
}

/** As it comes out of JSON, with the names of this run made those of any. */
function neutral(facts: unknown, name: string): unknown {
  return JSON.parse(JSON.stringify(facts).replaceAll(name, 'NAME'))
}
