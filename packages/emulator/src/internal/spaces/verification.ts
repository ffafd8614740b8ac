/** Asks the log whether what was expected has happened. */
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Expectation from "../../Expectation.ts"
import type { Entry } from "../../RequestLog.ts"
import { type Problem, RuleError } from "../../RuleError.ts"
import * as AsGeneration from "../interactions/asGeneration.ts"
import * as Problems from "../problems.ts"
import { Subject } from "../rules/Subject.ts"
import * as When from "../rules/when.ts"

const find = Problems.find(Expectation.Expectation)

/** The request of an entry, as matchers see it; its key is not known. */
export const requestOf = (entry: Entry): EmulatorRequest => ({
  method: entry.apiMethod ?? "",
  version: /^\/+(?:[^/]+\/+[^/]+\/+)*?(v1beta|v1alpha|v1)\//.exec(entry.path)?.[1] ?? "",
  resource: entry.model === undefined ? undefined : `models/${entry.model}`,
  model: entry.model,
  key: undefined,
  space: entry.space,
  project: entry.project,
  region: entry.region,
  headers: entry.headers,
  query: new URLSearchParams(),
  body: entry.body
})

const count = (n: number, what: string): string => `${n} ${what}${n === 1 ? "" : "s"}`

const boundsOf = ({ atLeast, atMost, times }: Expectation.Expectation) => ({
  least: times ?? atLeast ?? (atMost === undefined ? 1 : 0),
  most: times ?? atMost ?? Number.POSITIVE_INFINITY
})

const wantedOf = (expectation: Expectation.Expectation): string => {
  const { least, most } = boundsOf(expectation)
  if (least === most) return `exactly ${least}`
  if (most === Number.POSITIVE_INFINITY) return `at least ${least}`
  return least === 0 ? `at most ${most}` : `${least} to ${most}`
}

interface Asked {
  readonly expectation: Expectation.Expectation
  readonly name: string
  readonly when: When.ReadyWhen
  readonly found: Array<Entry>
  /** The request that came nearest, and what it lacks. */
  nearest: { readonly entry: Entry; readonly miss: When.Miss } | undefined
}

const missOf = ({ expectation: { rule, status }, when }: Asked, entry: Entry, subject: Subject) => {
  const miss = when.miss(subject)
  if (miss !== undefined) return miss
  const held = Number.MAX_SAFE_INTEGER
  if (status !== undefined && entry.status !== status) {
    return { path: "status", wanted: String(status), found: String(entry.status ?? "none yet"), held }
  }
  return rule === undefined || entry.verdict?.rule === rule
    ? undefined
    : { path: "rule", wanted: JSON.stringify(rule), found: JSON.stringify(entry.verdict?.rule ?? "none"), held }
}

const said = (asked: Asked): string => {
  const { expectation, found, name, nearest } = asked
  const { most } = boundsOf(expectation)
  const text = `${name}: wanted ${wantedOf(expectation)}, found ${count(found.length, "request")}`
  if (found.length > most) return `${text}: ${found.slice(0, 5).map(({ id }) => id).join(", ")}`
  return nearest === undefined
    ? `${text}, and no other request came`
    : `${text}. Nearest is request ${nearest.entry.id} (${nearest.entry.apiMethod ?? nearest.entry.path}): ${
      When.says(nearest.miss)
    }`
}

/** The expectations in order: each begins behind the one before. Undefined: they came so. */
const disorder = (all: ReadonlyArray<Asked>): string | undefined => {
  let at = -1
  let before = ""
  for (const { expectation, found, name } of all) {
    const least = Math.max(1, boundsOf(expectation).least)
    const later = found.filter(({ id }) => id > at)
    const last = later[least - 1]
    if (last === undefined) {
      return `${name}: wanted behind request ${at}, the last one of ${before}, found ${count(later.length, "request")}`
    }
    at = last.id
    before = name
  }
  return undefined
}

/** Throws a RuleError if the expectations themselves are wrong. */
export const verify = (
  entries: ReadonlyArray<Entry>,
  expectations: ReadonlyArray<Expectation.Expectation>,
  { dropped, inOrder }: { readonly dropped: number; readonly inOrder: boolean }
): Expectation.Verification => {
  const problems: Array<Problem> = []
  const all = expectations.flatMap((expectation, i): ReadonlyArray<Asked> => {
    const path = `expect[${i}]`
    const wrong = find(expectation)
    problems.push(...wrong.map((each) => ({ ...each, path: each.path === "" ? path : `${path}.${each.path}` })))
    if (wrong.length > 0) return []
    const when = When.ready(expectation.when ?? {}, `${path}.when`)
    problems.push(...when.problems)
    const name = expectation.name === undefined ? path : `${path} "${expectation.name}"`
    return [{ expectation, name, when, found: [], nearest: undefined }]
  })
  if (problems.length > 0) throw new RuleError({ problems })
  for (const entry of entries) {
    const subject = new Subject(requestOf(entry), AsGeneration.ofLogged(entry.apiMethod, entry.body))
    for (const asked of all) {
      const miss = missOf(asked, entry, subject)
      if (miss === undefined) asked.found.push(entry)
      else if (asked.nearest === undefined || miss.held > asked.nearest.miss.held) asked.nearest = { entry, miss }
    }
  }
  const findings = all.map((asked) => {
    const { least, most } = boundsOf(asked.expectation)
    const found = asked.found.length
    const ok = found >= least && found <= most
    const wanted = wantedOf(asked.expectation)
    return { name: asked.name, ok, wanted, found, text: ok ? `${asked.name}: ${wanted}, found ${found}` : said(asked) }
  })
  const failed = findings.filter(({ ok }) => !ok)
  const wrongOrder = inOrder && failed.length === 0 ? disorder(all) : undefined
  const lines = [...failed.map(({ text }) => text), ...(wrongOrder === undefined ? [] : [wrongOrder])]
  const lost = dropped === 0 ? [] : [`The log has dropped ${count(dropped, "request")}, which are not looked at.`]
  const ok = lines.length === 0
  const text = ok
    ? [`${count(findings.length, "expectation")} met by ${count(entries.length, "request")}.`, ...lost]
    : [`Not as expected (${count(entries.length, "request")} came):`, ...lines.map((line) => `- ${line}`), ...lost]
  return { ok, text: text.join("\n"), findings }
}
