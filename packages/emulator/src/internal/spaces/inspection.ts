/** Looks for what went wrong in a space and was not seen. */
import type { Entry as LiveEntry } from "../../LiveLog.ts"
import type { Entry } from "../../RequestLog.ts"
import type * as Rule from "../../Rule.ts"
import type * as TearDown from "../../TearDown.ts"
import type { Verdict } from "../../Verdict.ts"

interface Seen {
  readonly entries: ReadonlyArray<Entry>
  readonly connections: ReadonlyArray<LiveEntry>
  readonly rules: ReadonlyArray<Rule.Use>
  readonly waiting: number
  readonly open: number
}

/** Who may refuse without a mistake of the test's: a fault and a quota were asked for. */
const meant: ReadonlySet<Verdict["by"]> = /* @__PURE__ */ new Set<Verdict["by"]>(["fault", "quota", "unmatched"])

const quoted = (names: ReadonlyArray<string>): string => names.map((name) => `"${name}"`).join(", ")

const list = (title: string, incidents: TearDown.Remains["unmatched"]): ReadonlyArray<string> =>
  incidents.length === 0
    ? []
    : [
      title,
      ...incidents.slice(0, 10).map(({ id, live, what, why }) =>
        `- ${live ? "Live connection" : "request"} ${id} (${what}): ${why}`
      ),
      ...(incidents.length > 10 ? [`- and ${incidents.length - 10} more`] : [])
    ]

export const inspect = (seen: Seen, ignored: ReadonlyArray<TearDown.Concern>): TearDown.Remains => {
  const looks = (concern: TearDown.Concern) => !ignored.includes(concern)
  const judged = [
    ...seen.entries.map((entry) => ({
      id: entry.id,
      live: false,
      what: `${entry.apiMethod ?? `${entry.method} ${entry.path}`}${
        entry.model === undefined ? "" : ` to ${entry.model}`
      }`,
      verdict: entry.verdict
    })),
    ...seen.connections.flatMap((entry) =>
      entry.verdicts.map((verdict) => ({
        id: entry.id,
        live: true,
        what: `a turn of ${entry.model ?? "no model"}`,
        verdict
      }))
    )
  ]
  const those = (fits: (verdict: Verdict) => boolean) =>
    judged.flatMap(({ verdict, ...where }) =>
      verdict !== undefined && fits(verdict)
        ? [{ ...where, why: verdict.nearMisses?.join("; ") ?? verdict.refused ?? "" }]
        : []
    )
  const unmatched = looks("unmatched") ? those(({ by }) => by === "unmatched") : []
  const refused = looks("refused") ? those(({ by, refused }) => refused !== undefined && !meant.has(by)) : []
  const unused = looks("unused") ? seen.rules.flatMap(({ answered, name }) => answered === 0 ? name : []) : []
  const waiting = looks("waiting") ? seen.waiting : 0
  const open = looks("open") ? seen.open : 0
  const lines = [
    ...list("No rule matched:", unmatched),
    ...list("Refused:", refused),
    ...(unused.length === 0 ? [] : [`Rules that have not answered: ${quoted(unused)}`]),
    ...(waiting === 0 ? [] : [`Answers of the queue that nobody took: ${waiting}`]),
    ...(open === 0 ? [] : [`Requests, streams or sessions that have not ended: ${open}`])
  ]
  const ok = lines.length === 0
  const text = ok
    ? `All is well: ${seen.entries.length} ${seen.entries.length === 1 ? "request" : "requests"}.`
    : lines.join("\n")
  return { ok, text, unmatched, refused, unused, waiting, open }
}
