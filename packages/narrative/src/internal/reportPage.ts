/**
 * A run as one page. The page's policy allows no style but its own, so what is drawn has attributes of SVG.
 */
import type { Entry } from "effect-gemini-journal/Entry"
import * as Page from "effect-gemini-journal/Page"
import * as Timeline from "effect-gemini-journal/Timeline"
import * as Duration from "effect/Duration"
import type { ActResult } from "../ActResult.ts"
import type { Plan } from "../Plan.ts"
import type { RunRecord } from "../RunRecord.ts"
import type { ActState, RunState } from "../RunState.ts"
import { baseOf } from "./instances.ts"
import { type Bar, type BarKind, type Mark, timesOf } from "./reportBars.ts"
import * as Texts from "./reportTexts.ts"

export interface Run {
  readonly state: RunState
  readonly plan: Plan
  readonly entries: ReadonlyArray<Entry<RunRecord>>
  readonly results: ReadonlyArray<ActResult>
  /** Bytes of images in base64, by their SHA-256. Those that are missing are named in words. */
  readonly images: ReadonlyMap<string, string>
}

const colours: Record<BarKind, string> = {
  asked: "#3b82f6",
  failed: "#dc2626",
  lost: "#a855f7",
  quota: "#d97706",
  person: "#10a37f"
}

const names: Record<BarKind, string> = {
  asked: "asked",
  failed: "failed",
  lost: "lost at a death",
  quota: "waits for quota",
  person: "waits for a person"
}

const kinds = ["asked", "failed", "lost", "quota", "person"] as const

const row = 22
const labels = 210
const width = 980
const tail = 90

const took = (millis: number): string => {
  if (millis < 1_000) return `${Math.max(0, Math.round(millis))} ms`
  if (millis < 60_000) return `${(millis / 1_000).toFixed(1)} s`
  return Duration.format(Duration.seconds(Math.round(millis / 1_000)))
}

const cut = (text: string, length: number): string => {
  const flat = text.replace(/\s+/g, " ").trim()
  return flat.length <= length ? flat : `${flat.slice(0, length - 1)}…`
}

const stamp = (at: number): string => {
  const date = new Date(at)
  return Number.isFinite(date.getTime()) ? date.toISOString().replace("T", " ").replace(/\.\d+Z$/, " UTC") : "?"
}

const dollars = (amount: string | undefined): string => {
  if (amount === undefined) return ""
  const value = Number(amount)
  return value === 0 ? "$0" : value < 0.0001 ? "<$0.0001" : `$${value.toFixed(value < 1 ? 4 : 2)}`
}

const markNames = [["died", "a death"], ["resumed", "gone on"], ["paused", "paused"]] as const

const dashes: Record<Mark["kind"], string> = { died: "none", resumed: "6 3", paused: "2 4", ended: "none" }

/** What the lines across the acts mean. */
const markLegend = (marks: ReadonlyArray<Mark>, from: number): Page.Html =>
  Page.html`${
    markNames.filter(([kind]) => marks.some((mark) => mark.kind === kind)).map(([kind, name], i) =>
      Page.html`<line x1="${from + i * 90}" x2="${from + i * 90}" y1="3" y2="19" stroke="${
        kind === "died" ? colours.failed : "currentColor"
      }" stroke-width="${kind === "died" ? 2 : 1}" stroke-dasharray="${dashes[kind]}"/><text x="${
        from + i * 90 + 8
      }" y="15" fill="currentColor" font-size="12">${name}</text>`
    )
  }`

const legend = (bars: ReadonlyArray<Bar>, marks: ReadonlyArray<Mark>): Page.Html => {
  const used = kinds.filter((kind) => bars.some((bar) => bar.kind === kind))
  return Page.html`${
    used.map((kind, i) =>
      Page.html`<rect x="${20 + i * 135}" y="5" width="12" height="12" rx="3" fill="${colours[kind]}"/><text x="${
        20 + i * 135 + 18
      }" y="15" fill="currentColor" font-size="12">${names[kind]}</text>`
    )
  }${markLegend(marks, 20 + used.length * 135)}`
}

const timeline = (bars: ReadonlyArray<Bar>, marks: ReadonlyArray<Mark>, acts: ReadonlyArray<string>): Page.Html => {
  const axis = Timeline.axisOf(
    bars.map(({ from, kind, to }) => ({ from, to, isRest: kind === "quota" || kind === "person" }))
  )
  const room = width - labels - tail
  const x = (at: number): number => labels + room * Math.min(1, Math.max(0, axis.at(at)))
  const shown = acts.filter((act) => bars.some((bar) => bar.act === act))
  const height = shown.length * row
  const lines = marks.filter(({ kind }) => kind !== "ended").map(({ at, kind, what }) =>
    Page.html`<line x1="${x(at).toFixed(1)}" x2="${x(at).toFixed(1)}" y1="0" y2="${height}" stroke="${
      kind === "died" ? colours.failed : "currentColor"
    }" stroke-opacity="${kind === "died" ? 0.9 : 0.45}" stroke-width="${kind === "died" ? 2 : 1}" stroke-dasharray="${
      dashes[kind]
    }"><title>${stamp(at)}: ${what}</title></line>
`
  )
  const drawn = shown.map((act, i) => {
    const own = bars.filter((bar) => bar.act === act)
    const y = i * row
    const asked = own.reduce(
      (sum, { from, kind, to }) => kind === "quota" || kind === "person" ? sum : sum + to - from,
      0
    )
    const right = Math.max(...own.map(({ from, to }) => Math.max(x(to), x(from) + 2)))
    return Page.html`<text x="0" y="${y + 15}" fill="currentColor" font-size="13">${cut(act, 30)}</text>${
      own.map(({ from, kind, to, what }) => {
        const left = x(from)
        return Page.html`<rect x="${left.toFixed(1)}" y="${y + 4}" width="${
          Math.max(2, x(to) - left).toFixed(1)
        }" height="${row - 8}" rx="3" fill="${colours[kind]}"><title>${act}: ${names[kind]} ${took(to - from)}. ${
          cut(what, 200)
        }</title></rect>`
      })
    }<text x="${(right + 6).toFixed(1)}" y="${y + 15}" fill="currentColor" font-size="12">${took(asked)}</text>
`
  })
  return Page.html`<h2>Time</h2>
<div class="wide"><svg role="img" aria-label="Timeline of the run" width="100%" viewBox="0 0 ${width} ${height + row}">
${legend(bars, marks)}<svg y="${row}" width="${width}" height="${height}">
${drawn}${lines}</svg></svg></div>
${axis.isShortened ? Page.html`<p>Waits, and times in which nothing ran, are drawn shortened.</p>` : ""}`
}

const statuses: Record<ActState["status"], string> = {
  waiting: "not asked",
  undecided: "waits for approval",
  asked: "in flight",
  answered: "answered",
  paused: "to be asked again",
  failed: "failed",
  skipped: "left out"
}

const anchor = (acts: ReadonlyArray<ActState>, act: string): string =>
  `act-${acts.findIndex((known) => known.act === act)}`

const actsTable = (acts: ReadonlyArray<ActState>): Page.Html =>
  Page.html`<h2>Acts</h2>
${
    Page.table(
      ["Act", "State", "Model", "Attempts", "In", "Out", "Cost", "Took"],
      acts.map((act) => [
        Page.link(`#${anchor(acts, act.act)}`, act.act),
        statuses[act.status],
        act.model ?? "",
        act.attempts === 0 ? "" : act.attempts,
        act.usage === undefined ? "" : act.usage.promptTokens + act.usage.toolUsePromptTokens,
        act.usage === undefined ? "" : act.usage.candidatesTokens + act.usage.thoughtsTokens,
        dollars(act.cost),
        act.duration === undefined ? "" : took(act.duration)
      ])
    )
  }`

const modelsTable = (acts: ReadonlyArray<ActState>): Page.Html => {
  const models = new Map<string, { acts: number; input: number; output: number; dollars: number }>()
  for (const { cost, model, usage } of acts) {
    if (model === undefined || usage === undefined) continue
    const sum = models.get(model) ?? { acts: 0, input: 0, output: 0, dollars: 0 }
    sum.acts++
    sum.input += usage.promptTokens + usage.toolUsePromptTokens
    sum.output += usage.candidatesTokens + usage.thoughtsTokens
    sum.dollars += Number(cost ?? 0)
    models.set(model, sum)
  }
  return models.size === 0 ? Page.html`` : Page.html`<h2>Models</h2>
${
    Page.table(
      ["Model", "Acts", "In", "Out", "Cost"],
      Array.from(models, ([model, { acts, dollars: spent, input, output }]) => [
        model,
        acts,
        input,
        output,
        dollars(String(spent))
      ])
    )
  }`
}

const notes = (act: ActState): ReadonlyArray<Page.Html> => [
  ...(act.question === undefined
    ? []
    : [Page.html`<p>Asked before it was sent: ${act.question}${
      act.decision === undefined
        ? " (nobody has decided)"
        : Page.html` (${act.decision.verdict === "approve" ? "approved" : "denied"}${
          act.decision.by === undefined ? "" : ` by ${act.decision.by}`
        }${act.decision.reason === undefined ? "" : `: ${act.decision.reason}`})`
    }</p>`]),
  ...(act.cause === undefined ? [] : [Page.html`<p><strong>${act.cause.reason}</strong>: ${act.cause.message}</p>`]),
  ...(act.mayHaveRun
    ? [Page.html`<p>It was in flight when its process died: the model may have answered, and been paid, unheard.</p>`]
    : []),
  ...(act.finishReason === "MAX_TOKENS" ? [Page.html`<p>The answer was cut at max_output_tokens.</p>`] : [])
]

const kilobytes = (bytes: number): string => `${Math.ceil(bytes / 1_000).toLocaleString("en-US")} kB`

const details = ({ images, plan, results, state }: Run): Page.Html => {
  const places = Texts.placesOf(plan.acts)
  const answers = new Map(
    results.map(({ act, list, text }) => [act, { text, ...(list === undefined ? {} : { list }) }])
  )
  const drawn = state.acts.map((act) => {
    const placed = places.get(baseOf(act.act))
    const isAsked = placed !== undefined && (placed.groups.length === 0 || act.act !== baseOf(act.act))
    const write = placed === undefined ? () => "" : Texts.textFor(act.act, placed, answers)
    const asked = !isAsked ? [] : [
      ...(placed.act.system === undefined
        ? []
        : [Page.details("System instruction", Page.text(write(placed.act.system)))]),
      ...placed.act.inputs.map((input) => {
        switch (input._tag) {
          case "Text":
            return Page.text(write(input.text))
          case "Output":
            return Page.text(write([{ ref: input.act }]))
          case "Image": {
            const data = images.get(input.sha256)
            const what = `${input.from} (${input.mediaType}, ${kilobytes(input.bytes)})`
            return data === undefined
              ? Page.html`<p>Image: ${what}</p>`
              : Page.html`<p>${what}</p>${Page.image(input.mediaType, data, what)}`
          }
          case "Media":
            return Page.html`<p>File: ${input.from} (${input.mediaType}, ${kilobytes(input.bytes)})</p>`
          case "Link":
            return Page.html`<p>Address: ${Page.link(input.uri, input.uri)}</p>`
        }
      })
    ]
    const answer = answers.get(act.act)
    return Page.html`<h3 id="${anchor(state.acts, act.act)}">${act.act}</h3>
${notes(act)}${asked.length === 0 ? "" : Page.details("What it was asked", asked)}${
      answer === undefined ? Page.html`<p>No answer.</p>` : Page.details("What it answered", Page.text(answer.text))
    }
`
  })
  return Page.html`<h2>Texts</h2>
${drawn}`
}

const record = ({ at, writer, ...entry }: Entry<RunRecord>): ReadonlyArray<Page.Content> => {
  const when = stamp(at)
  if (entry._tag === "Started") return [when, "created", "", `process ${writer.pid ?? "?"}`]
  if (entry._tag === "Resumed") return [when, "opened again", "", `process ${writer.pid ?? "?"}`]
  const { record } = entry
  switch (record._tag) {
    case "ActAsked":
      return [
        when,
        "asked",
        record.act,
        `attempt ${record.attempt}${record.model === undefined ? "" : ` on ${record.model}`}`
      ]
    case "ActAnswered":
      return [when, "answered", record.act, record.model]
    case "ActFailed":
      return [
        when,
        record.final ? "failed for good" : "failed",
        record.act,
        `${record.cause.reason}: ${record.cause.message}`
      ]
    case "ActSkipped":
      return [
        when,
        "left out",
        record.act,
        record.because === record.act ? "by its condition" : `because it needs ${record.because}`
      ]
    case "Waiting":
      return [when, "waits", record.act, `until ${stamp(record.until)}: ${record.cause.message}`]
    case "ApprovalAsked":
      return [when, "asks a person", record.act, record.question]
    case "Decided":
      return [when, record.decision.verdict === "approve" ? "approved" : "denied", record.act, record.decision.by ?? ""]
    case "Forked":
      return [when, "a copy of", record.act, record.from]
    case "Paused":
      return [when, record.stopped === true ? "stopped" : "paused", "", record.acts.map(({ act }) => act).join(", ")]
    default:
      return [when, record._tag.toLowerCase(), "", ""]
  }
}

const outcome = ({ causes, isStopped, standing }: RunState): string => {
  switch (standing) {
    case "finished":
      return "It is finished."
    case "failed":
      return "It failed for good."
    case "cancelled":
      return "It was cancelled."
    case "running":
      return "It is being played, or its process has died."
    case "paused":
      return isStopped
        ? "It was stopped."
        : `It is paused${causes.length === 0 ? "" : `: ${causes[0]?.cause.message}`}.`
  }
}

export const of = (run: Run): string => {
  const { entries, plan, state } = run
  const { charged, dollars: spent, isEstimated, isPartial, outputTokens, promptTokens } = state.totals
  const { bars, marks } = timesOf(entries)
  const deaths = marks.filter(({ kind }) => kind === "died").length
  const answered = state.acts.filter(({ status }) => status === "answered").length
  const title = `${state.title === "" ? state.id : state.title}: a run`
  return Page.render({
    title,
    body: Page.html`<h1>${title}</h1>
<p>${outcome(state)} ${answered} of ${state.acts.length} acts are answered. ${
      promptTokens.toLocaleString("en-US")
    } tokens went in, ${outputTokens.toLocaleString("en-US")} came out${
      spent === undefined ? "" : `, for ${dollars(spent)}`
    }${isPartial ? " and what has no price" : ""}.${
      isEstimated
        ? ` With what was lost, estimated, ${charged.tokens.toLocaleString("en-US")} tokens and ${
          dollars(charged.dollars)
        } are counted.`
        : ""
    }${deaths === 0 ? "" : ` Its process died ${deaths === 1 ? "once" : `${deaths} times`}.`}</p>
<p>Run ${state.id} of ${plan.file}, begun ${stamp(state.createdAt)}, last written ${
      stamp(state.updatedAt)
    }, by version ${state.library}.</p>
${bars.length === 0 ? "" : timeline(bars, marks, state.acts.map(({ act }) => act))}
${actsTable(state.acts)}
${modelsTable(state.acts)}
${details(run)}
<h2>Journal</h2>
${Page.details(`${entries.length} entries`, Page.table(["Time", "What", "Act", "More"], entries.map(record)))}
${Page.details("The narrative", Page.text(plan.text))}`
  })
}
