/** The rules of a redaction, out of its options. */
import * as Redacted from "effect/Redacted"
import type { Redaction } from "../../cassettes/Cassette.ts"
import { CassetteError } from "../../cassettes/CassetteError.ts"
import { nearest } from "../nearest.ts"
import * as Findings from "./findings.ts"
import type * as Scrubber from "./Scrubber.ts"

/** Shorter values would be found in any text. */
const shortest = 6

const isSecretName = (name: string): boolean =>
  /(?:^|_)(?:API_?KEY|KEY|TOKEN|SECRET|PASSWORD|PASSWD|CREDENTIALS?)(?:_|$)/i.test(name)

export const rulesOf = (
  file: string,
  given: Redaction = {},
  environment: Readonly<Record<string, string | undefined>> = process.env
): Scrubber.Secrecy => {
  const names = given.rules ?? Findings.detectors.map(({ name }) => name)
  const chosen = names.map((name) => {
    const found = Findings.detectors.find((detector) => detector.name === name)
    if (found !== undefined) return found
    const close = nearest(name, Findings.detectors.map((each) => each.name))
    const hint = close === undefined ? "" : ` Did you mean "${close}"?`
    throw new CassetteError({ file, description: `there is no rule "${name}" for what is taken out.${hint}` })
  })
  const own = (given.patterns ?? []).map((pattern): Findings.Detector => ({
    name: "own",
    kind: "OWN",
    what: "a pattern of your own",
    pattern: pattern.global ? pattern : new RegExp(pattern.source, `${pattern.flags}g`)
  }))
  const variables = given.variables ?? Object.keys(environment).filter(isSecretName)
  const values = new Set<string>()
  for (const name of variables) {
    const value = Object.hasOwn(environment, name) ? environment[name] : undefined
    if (value !== undefined && value.length >= shortest) values.add(value)
  }
  for (const value of given.values ?? []) {
    const text = Redacted.value(value)
    if (text.length < shortest) {
      throw new CassetteError({
        file,
        description: `a secret value of fewer than ${shortest} characters is in every text`
      })
    }
    values.add(text)
  }
  return { detectors: [...chosen, ...own], values: [...values], paths: new Set(given.paths) }
}
